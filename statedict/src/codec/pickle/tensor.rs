//! Tensors: what the functions that rebuild them are given, checked against the storage.

use smallvec::SmallVec;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::{SavedTensor, StorageResolver};
use crate::dtype::DType;
use crate::tensor::{Shape, Strides, ViewError, check_range, is_whole};
use crate::value::raw::{Raw, Run, StorageRef, TensorFlags, TensorNode};
use crate::value::{Refusal, RefusalReason};

/// A part of a tensor of which PyTorch counts offsets now in bytes, now in elements.
const PACKED: &str = "a part of a tensor with several elements in a byte";

/// What a rebuild function is given, in its order.
struct Parts {
    storage: Raw,
    dtype: DType,
    offset: Raw,
    size: Raw,
    stride: Raw,
    flags: TensorFlags,
}

impl<R: StorageResolver> Machine<'_, R> {
    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`.
    pub(super) fn rebuild_v2(&mut self, run: Run) -> Result<Raw, Fault> {
        let (first, metadata) = match *self.graph.run(run) {
            [a, b, c, d, e, _] => ([a, b, c, d, e], Raw::None),
            [a, b, c, d, e, _, metadata] => ([a, b, c, d, e], metadata),
            _ => {
                let found = self.describe(Raw::Tuple(run));
                return Err(Fault::expected("the 6 or 7 arguments of _rebuild_tensor_v2", found));
            }
        };
        let [storage, offset, size, stride, requires_grad] = first;
        let dtype = self.typed(storage)?;
        let flags = self.flags(requires_grad, metadata, dtype)?;
        self.rebuild(Some(run), Parts { storage, dtype, offset, size, stride, flags })
    }

    /// `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])`.
    pub(super) fn rebuild_v3(&mut self, run: Run, args: &[Raw]) -> Result<Raw, Fault> {
        let (&[storage, offset, size, stride, requires_grad, _, dtype]
        | &[storage, offset, size, stride, requires_grad, _, dtype, _]) = args
        else {
            let found = self.describe(Raw::Tuple(run));
            return Err(Fault::expected("the 7 or 8 arguments of _rebuild_tensor_v3", found));
        };
        let dtype = match dtype {
            Raw::DType(dtype) => dtype,
            Raw::Global(_) if self.meaning(dtype) == Some(Meaning::Inert) => {
                self.work_on_value(dtype)?;
                let name = self.describe(dtype);
                let refusal = Refusal::new(RefusalReason::DType { name }, self.offset);
                return Ok(self.graph.add_refusal(refusal)?);
            }
            other => return Err(Fault::expected("a torch.dtype", self.describe(other))),
        };
        let metadata = args.get(7).copied().unwrap_or(Raw::None);
        let flags = self.flags(requires_grad, metadata, dtype)?;
        self.rebuild(Some(run), Parts { storage, dtype, offset, size, stride, flags })
    }

    /// `_rebuild_tensor(storage, offset, size, stride)`, of before PyTorch 0.4.
    pub(super) fn rebuild_v1(
        &mut self,
        storage: Raw,
        offset: Raw,
        size: Raw,
        stride: Raw,
    ) -> Result<Raw, Fault> {
        self.rebuild_plain(storage, offset, size, stride, Raw::Bool(false))
    }

    /// A tensor of what every tensor has.
    pub(super) fn rebuild_plain(
        &mut self,
        storage: Raw,
        offset: Raw,
        size: Raw,
        stride: Raw,
        requires_grad: Raw,
    ) -> Result<Raw, Fault> {
        let dtype = self.typed(storage)?;
        let flags = self.flags(requires_grad, Raw::None, dtype)?;
        self.rebuild(None, Parts { storage, dtype, offset, size, stride, flags })
    }

    /// The element type of a typed storage.
    fn typed(&self, storage: Raw) -> Result<DType, Fault> {
        match storage {
            Raw::Storage(_, Some(dtype)) => Ok(dtype),
            other => Err(Fault::expected("a storage with an element type", self.describe(other))),
        }
    }

    /// The numbers of a size or stride.
    pub(super) fn dims(&mut self, value: Raw) -> Result<SmallVec<[i64; 8]>, Fault> {
        let run = match value {
            Raw::Tuple(run) | Raw::Size(run) => Some(run),
            Raw::Container(index) => self
                .graph
                .container(index)
                .filter(|container| !container.kind.is_dict())
                .map(|container| container.run),
            _ => None,
        };
        self.work(run.map_or(0, |run| run.len as usize))?;
        let wrong = || Fault::expected("a tuple of int", self.describe(value));
        let values = self.graph.run(run.ok_or_else(wrong)?);
        values
            .iter()
            .map(|&value| match value {
                Raw::Int(value) => Ok(value),
                _ => Err(wrong()),
            })
            .collect()
    }

    fn rebuild(&mut self, args: Option<Run>, parts: Parts) -> Result<Raw, Fault> {
        let Raw::Storage(StorageRef::File(storage), _) = parts.storage else {
            return Err(Fault::expected("a storage", self.describe(parts.storage)));
        };
        let offset = match parts.offset {
            Raw::Int(offset) => usize::try_from(offset).ok(),
            _ => None,
        };
        let offset = offset.ok_or_else(|| {
            Fault::expected("a storage offset, an int from 0 on", self.describe(parts.offset))
        })?;
        let (sizes, strides) = (self.dims(parts.size)?, self.dims(parts.stride)?);
        let strided = self.check_view(storage, parts.dtype, offset, &sizes, &strides)?;
        // What the tensor was made from is on its own only where nothing else was named since.
        if let Some(args) = args {
            self.release(args);
            for dims in [parts.stride, parts.size] {
                if let Raw::Tuple(run) = dims {
                    self.release(run);
                }
            }
        }
        if !self.is_whole(parts.dtype, offset, &sizes, &strides)? {
            return self.refuse(PACKED);
        }
        let flags = TensorFlags { strided, ..parts.flags };
        let (storage, dtype) = (StorageRef::File(storage), parts.dtype);
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        Ok(self.graph.add_tensor(node, &sizes, &strides)?)
    }

    /// A tensor that PyTorch 0.1 saved beside the pickle.
    pub(super) fn saved_tensor(&mut self, saved: &SavedTensor) -> Result<Raw, Fault> {
        let SavedTensor { storage, dtype, offset, sizes, strides } = saved;
        let offset = usize::try_from(*offset).map_err(|_| {
            Fault::expected("a storage offset, an int from 0 on", offset.to_string())
        })?;
        let strided = self.check_view(*storage, *dtype, offset, sizes, strides)?;
        if !self.is_whole(*dtype, offset, sizes, strides)? {
            return self.refuse(PACKED);
        }
        let flags = TensorFlags { strided, ..TensorFlags::default() };
        let (storage, dtype) = (StorageRef::File(*storage), *dtype);
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        Ok(self.graph.add_tensor(node, sizes, strides)?)
    }

    /// Checks that the storage holds the view, and says whether its strides must be kept.
    fn check_view(
        &self,
        storage: u32,
        dtype: DType,
        offset: usize,
        sizes: &[i64],
        strides: &[i64],
    ) -> Result<bool, Fault> {
        self.check_sizes(self.resolver.nbytes(storage), dtype, offset, sizes, strides)
    }

    /// Returns `true` if the elements can be had by their bytes.
    fn is_whole(
        &self,
        dtype: DType,
        offset: usize,
        sizes: &[i64],
        strides: &[i64],
    ) -> Result<bool, Fault> {
        if dtype.per_byte() == 1 {
            return Ok(true);
        }
        let (shape, steps) = shape_of(sizes, strides)?;
        Ok(is_whole(&shape, &steps, offset, dtype))
    }

    /// Checks that so many bytes hold the view, and says whether its strides must be kept.
    pub(super) fn check_sizes(
        &self,
        nbytes: usize,
        dtype: DType,
        offset: usize,
        sizes: &[i64],
        strides: &[i64],
    ) -> Result<bool, Fault> {
        let (shape, steps) = shape_of(sizes, strides)?;
        check_range(&shape, &steps, offset, dtype, nbytes)
            .and_then(|()| shape.contiguous_strides().ok_or(ViewError::Overflow))
            // Not only where the elements are elsewhere: PyTorch keeps the strides it was given.
            .map(|contiguous| contiguous != steps)
            .map_err(|error| {
                let found = format!(
                    "{error}: size {sizes:?}, stride {strides:?}, offset {offset}, {dtype}"
                );
                Fault::expected("a tensor that lies within its storage", found)
            })
    }
}

/// A size and a stride as a shape has them.
pub(super) fn shape_of(sizes: &[i64], strides: &[i64]) -> Result<(Shape, Strides), Fault> {
    let shape = Shape::of(sizes)
        .ok_or_else(|| Fault::expected("sizes from 0 on", format!("the size {sizes:?}")))?;
    let steps: Option<Strides> = strides.iter().map(|&step| isize::try_from(step).ok()).collect();
    let steps = steps.ok_or_else(|| Fault::expected("strides", format!("{strides:?}")))?;
    Ok((shape, steps))
}
