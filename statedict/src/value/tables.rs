//! The parts of the store of which there is a table each: objects, tensors, names and the like.

use std::sync::Arc;

use crate::tensor::{Shape, Storage, Strides, TensorView};
use crate::value::id::ValueId;
use crate::value::memory::Full;
use crate::value::raw::{Composite, Device, Global, NumPy, Object, Raw, StorageRef, TensorNode};
use crate::value::refusal::Refusal;
use crate::value::store::{Graph, KEPT, at, next_index, push};

/// The memory of a storage by itself.
const INSERTED: usize = 80;

/// The memory of an entry of a map besides its value, where the map has just doubled.
pub(super) const MAPPED: usize = 40;

impl<'a> Graph<'a> {
    pub(crate) fn add_object(&mut self, object: Object) -> Result<Raw, Full> {
        push((&mut self.objects, &mut self.memory), object).map(Raw::Object)
    }

    pub(crate) fn object(&self, index: u32) -> Option<Object> {
        at(&self.objects, index)
    }

    pub(crate) fn set_object(&mut self, index: u32, object: Object) {
        *self.objects.get_mut(index as usize).expect(KEPT) = object;
    }

    pub(crate) fn add_complex(&mut self, re: f64, im: f64) -> Result<Raw, Full> {
        push((&mut self.complexes, &mut self.memory), (re, im)).map(Raw::Complex)
    }

    pub(crate) fn complex(&self, index: u32) -> Option<(f64, f64)> {
        at(&self.complexes, index)
    }

    pub(crate) fn add_device(&mut self, device: Device) -> Result<Raw, Full> {
        push((&mut self.devices, &mut self.memory), device).map(Raw::Device)
    }

    pub(crate) fn device(&self, index: u32) -> Option<Device> {
        at(&self.devices, index)
    }

    pub(crate) fn add_global(&mut self, global: Global) -> Result<Raw, Full> {
        push((&mut self.globals, &mut self.memory), global).map(Raw::Global)
    }

    pub(crate) fn global_name(&self, index: u32) -> Option<Global> {
        at(&self.globals, index)
    }

    pub(crate) fn add_refusal(&mut self, refusal: Refusal) -> Result<Raw, Full> {
        self.memory.take(refusal.size())?;
        push((&mut self.refusals, &mut self.memory), refusal).map(Raw::Refused)
    }

    pub(crate) fn refusal(&self, index: u32) -> Option<&Refusal> {
        self.refusals.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn add_composite(&mut self, composite: Composite) -> Result<Raw, Full> {
        push((&mut self.composites, &mut self.memory), composite).map(Raw::Composite)
    }

    pub(crate) fn composite(&self, index: u32) -> Option<Composite> {
        at(&self.composites, index)
    }

    pub(crate) fn add_numpy(&mut self, value: NumPy) -> Result<Raw, Full> {
        push((&mut self.numpy, &mut self.memory), value).map(Raw::NumPy)
    }

    pub(crate) fn numpy(&self, index: u32) -> Option<NumPy> {
        at(&self.numpy, index)
    }

    pub(crate) fn set_numpy(&mut self, index: u32, value: NumPy) {
        *self.numpy.get_mut(index as usize).expect(KEPT) = value;
    }

    /// The size of the pickle.
    pub(crate) fn source_len(&self) -> usize {
        self.source_len
    }

    // Tensors

    /// A storage of so many bytes that are not there.
    pub(crate) fn add_absent(&mut self, nbytes: usize) -> Result<StorageRef, Full> {
        push((&mut self.absent_sizes, &mut self.memory), nbytes).map(StorageRef::Absent)
    }

    pub(crate) fn insert_storage(&mut self, storage: Storage<'a>) -> Result<StorageRef, Full> {
        self.memory.take(INSERTED)?;
        push((&mut self.inserted, &mut self.memory), storage).map(StorageRef::Inserted)
    }

    /// Which storages tensors are views of, and which there are by themselves.
    pub(super) fn storage_refs_mut(&mut self) -> impl Iterator<Item = &mut StorageRef> {
        let states = self.objects.iter_mut().map(|object| &mut object.state);
        let values = self.pool.iter_mut().chain(states).chain([&mut self.root]);
        let bare = values.filter_map(|value| match value {
            Raw::Storage(storage, _) => Some(storage),
            _ => None,
        });
        self.tensors.iter_mut().map(|node| &mut node.storage).chain(bare)
    }

    /// Makes the tensor `index` the one that `made` is.
    pub(crate) fn set_tensor(&mut self, index: u32, node: TensorNode) {
        *self.tensors.get_mut(index as usize).expect(KEPT) = node;
    }

    /// Keeps a tensor whose view has been checked against its storage.
    pub(crate) fn add_tensor(
        &mut self,
        mut node: TensorNode,
        sizes: &[i64],
        strides: &[i64],
    ) -> Result<Raw, Full> {
        node.dims = next_index(&self.dims)?;
        node.rank = u32::try_from(sizes.len()).map_err(|_| Full::Indices)?;
        let count = if node.flags.strided { sizes.len().saturating_mul(2) } else { sizes.len() };
        self.memory.reserve(&mut self.dims, count)?;
        self.dims.extend_from_slice(sizes);
        if node.flags.strided {
            self.dims.extend_from_slice(strides);
        }
        push((&mut self.tensors, &mut self.memory), node).map(Raw::Tensor)
    }

    /// The sizes of a tensor, and its strides where they do not follow from these.
    pub(crate) fn dims(&self, node: TensorNode) -> (&[i64], &[i64]) {
        let (start, rank) = (node.dims as usize, node.rank as usize);
        let dims = self.dims.get(start..).and_then(|dims| dims.split_at_checked(rank));
        let (sizes, rest) = dims.expect("invariant: a tensor's sizes are kept");
        let strides = if node.flags.strided { rank } else { 0 };
        (sizes, rest.get(..strides).expect("invariant: a tensor's strides are kept"))
    }

    pub(crate) fn tensor(&self, index: u32) -> Option<TensorNode> {
        at(&self.tensors, index)
    }

    /// A second tensor object over what the tensor `index` shows.
    pub(crate) fn copy_tensor(&mut self, node: TensorNode) -> Result<u32, Full> {
        push((&mut self.tensors, &mut self.memory), node)
    }

    pub(crate) fn tensor_attributes(&self, index: u32) -> Option<Raw> {
        self.attributes.get(&index).copied()
    }

    pub(crate) fn set_tensor_attributes(
        &mut self,
        index: u32,
        attributes: Raw,
    ) -> Result<(), Full> {
        self.memory.take(MAPPED + size_of::<Raw>())?;
        self.attributes.insert(index, attributes);
        Ok(())
    }

    pub(crate) fn storage(&self, storage: StorageRef) -> Storage<'a> {
        match storage {
            StorageRef::File(index) => Storage::new(Arc::clone(&self.storages), index),
            StorageRef::Absent(index) => Storage::new(Arc::clone(&self.absent), index),
            StorageRef::Inserted(index) => {
                let storage = self.inserted.get(index as usize);
                storage.expect("invariant: the storage was put in").clone()
            }
        }
    }

    pub(crate) fn view(&self, node: TensorNode) -> Option<TensorView<'a>> {
        let (sizes, strides) = self.dims(node);
        let shape = Shape::of(sizes)?;
        let storage = self.storage(node.storage);
        let view = if node.flags.strided {
            let strides: Option<Strides> =
                strides.iter().map(|&stride| isize::try_from(stride).ok()).collect();
            TensorView::strided(storage, node.dtype, shape, strides?, node.offset).ok()?
        } else {
            // Checked when the node was made.
            TensorView::known_contiguous(storage, node.dtype, shape, node.offset)
        };
        let flags = node.flags;
        let view = view.with_requires_grad(flags.requires_grad);
        Some(view.with_conj_neg(flags.conj, flags.neg))
    }

    /// The tensor that a value of this graph is, as a view that lives as long as what was put in.
    pub fn tensor_of(&self, id: ValueId) -> Option<TensorView<'a>> {
        match id.0 {
            Raw::Tensor(index) => self.view(self.tensor(index)?),
            _ => None,
        }
    }
}
