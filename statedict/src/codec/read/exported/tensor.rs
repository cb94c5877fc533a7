//! The tensors of an exported program: parts of storages, as JSON says.

use crate::codec::pickle::{StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::codec::read::exported::config::{Device, Payload, STRIDED, SymInt, TensorMeta, dtype};
use crate::codec::read::root;
use crate::codec::read::zip::ArchiveResolver;
use crate::tensor::{Shape, Strides, ViewError, check_range};
use crate::value::raw::{Raw, StorageRef, TensorFlags, TensorNode};
use crate::value::{Full, Graph, Refusal, RefusalReason};

fn no_room(full: Full) -> ReadError {
    root::no_room("the tensors of the program", full)
}

/// The values that are being made, and the archive that their storages are in.
pub(super) struct Made {
    pub(super) graph: Graph<'static>,
    pub(super) resolver: ArchiveResolver,
}

impl Made {
    /// The key and the tensor that a folder's JSON describes: one that needs no gradient, as in a state dict.
    pub(super) fn entry(
        &mut self,
        folder: &'static str,
        key: &str,
        payload: &Payload,
    ) -> Result<[Raw; 2], ReadError> {
        let name = root::text(&mut self.graph, key).map_err(no_room)?;
        let tensor = match refusal(payload) {
            Some(reason) => self.graph.add_refusal(Refusal::new(reason, 0)).map_err(no_room)?,
            None => self.tensor(folder, key, payload)?,
        };
        Ok([name, tensor])
    }

    fn tensor(
        &mut self,
        folder: &'static str,
        key: &str,
        payload: &Payload,
    ) -> Result<Raw, ReadError> {
        let wrong = |expected: &'static str, found: String| ReadError::Damaged {
            part: format!("the entry of `{key}` in the JSON of {folder}"),
            offset: 0,
            expected: expected.into(),
            found,
        };
        let Payload { path_name, tensor_meta: Some(meta), .. } = payload else {
            return Ok(Raw::None);
        };
        let Some(dtype) = dtype(meta.dtype) else { return Ok(Raw::None) };
        let numbers = numbers(meta).ok_or_else(|| {
            wrong("sizes, strides and an offset from 0 on", "other numbers".to_owned())
        })?;
        let Numbers { sizes, strides, shape, steps, offset } = numbers;
        let storage = self.storage(folder, path_name, meta.device.as_ref())?;
        let strided = check_range(&shape, &steps, offset, dtype, self.resolver.nbytes(storage))
            .and_then(|()| shape.contiguous_strides().ok_or(ViewError::Overflow))
            .map(|contiguous| contiguous != steps)
            .map_err(|error| {
                let found = format!(
                    "{error}: size {sizes:?}, stride {strides:?}, offset {offset}, {dtype}"
                );
                wrong("a tensor that lies within its storage", found)
            })?;
        let flags = TensorFlags { strided, ..TensorFlags::default() };
        let storage = StorageRef::File(storage);
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        self.graph.add_tensor(node, &sizes, &strides).map_err(no_room)
    }

    /// The storage in the record of that name.
    fn storage(
        &mut self,
        folder: &'static str,
        record: &str,
        device: Option<&Device>,
    ) -> Result<u32, ReadError> {
        let location = match device {
            None => "cpu".to_owned(),
            Some(Device { kind, index: None }) => kind.clone(),
            Some(Device { kind, index: Some(index) }) => format!("{kind}:{index}"),
        };
        self.resolver.look_in(folder);
        // The JSON says nothing of its size: what there is of it is what tensors must lie within.
        let nbytes = self.resolver.size_of(record).unwrap_or_default();
        let request =
            StorageRequest { key: record, location: &location, dtype: None, nbytes, slice: None };
        Ok(self.resolver.resolve(&request)?)
    }
}

/// Why an entry is no tensor that can be represented.
fn refusal(payload: &Payload) -> Option<RefusalReason> {
    let kind = match &payload.tensor_meta {
        _ if payload.use_pickle => "a tensor that is pickled within the archive",
        None => "an object that is no tensor",
        Some(meta) if meta.layout != STRIDED => "a tensor of another layout than strided",
        Some(TensorMeta { dtype: number, .. }) => {
            let name = || format!("number {number} of torch.export");
            return dtype(*number).is_none().then(|| RefusalReason::DType { name: name() });
        }
    };
    Some(RefusalReason::Kind { kind })
}

/// The numbers of a tensor.
struct Numbers {
    sizes: Vec<i64>,
    strides: Vec<i64>,
    shape: Shape,
    steps: Strides,
    offset: usize,
}

/// The numbers of a tensor, where they are such.
fn numbers(meta: &TensorMeta) -> Option<Numbers> {
    let all = |numbers: &[SymInt]| numbers.iter().map(|number| number.as_int).collect();
    let (sizes, strides): (Option<Vec<i64>>, Option<Vec<i64>>) =
        (all(&meta.sizes), all(&meta.strides));
    let (sizes, strides) = (sizes?, strides?);
    let shape = Shape::of(&sizes)?;
    let steps = strides.iter().map(|&step| isize::try_from(step).ok()).collect::<Option<_>>()?;
    let offset = usize::try_from(meta.storage_offset.as_int?).ok()?;
    Some(Numbers { sizes, strides, shape, steps, offset })
}
