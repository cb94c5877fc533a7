//! Safetensors files: a state dict, with the ties, the order and the versions that were recorded in it.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::codec::read::detect::MAX_SAFETENSORS_HEADER;
use crate::codec::read::document::{Document, FileFacts};
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory;
use crate::codec::read::kind::{ByteOrder, ContainerKind};
use crate::codec::read::options::ReadOptions;
use crate::codec::read::ranges::RangeStorages;
use crate::codec::read::root;
use crate::codec::read::source::Source;
use crate::codec::safetensors::{
    GRADIENTS, Header, Info, ORDER, VERSIONS, from_safetensors, shape_from_safetensors,
};
use crate::dtype::DType;
use crate::tensor::{Storage, Storages, TensorView};
use crate::value::raw::{Raw, StorageRef, TensorFlags, TensorNode};
use crate::value::{Full, Graph};

fn damaged(expected: &'static str, found: impl Into<String>) -> ReadError {
    let part = "the header of the safetensors file".to_owned();
    ReadError::Damaged { part, offset: 0, expected: expected.into(), found: found.into() }
}

/// Reads the header. Returns it with the offset of the tensors' bytes.
fn header(source: &Source) -> Result<(Header, u64), ReadError> {
    let mut len = [0; 8];
    source.read_at(0, &mut len).map_err(|_| damaged("a header", "a shorter file"))?;
    let len = u64::from_le_bytes(len);
    if len > MAX_SAFETENSORS_HEADER {
        return Err(damaged("at most 100000000 bytes", format!("{len} bytes")));
    }
    let data_at = len.saturating_add(8);
    let expected = "a header within the file";
    if data_at > source.len() {
        return Err(damaged(expected, format!("{len} bytes of {}", source.len())));
    }
    let size = usize::try_from(len).map_err(|_| damaged(expected, format!("{len} bytes")))?;
    let text = source.get(8, size).map_err(|error| source.failed(error))?;
    let header = serde_json::from_slice(&text)
        .map_err(|error| damaged("the JSON of a safetensors file", error.to_string()))?;
    Ok((header, data_at))
}

/// The storage, the dtype and the shape of a tensor.
type Stored = (u32, DType, Vec<usize>);

/// A key and its tensor.
type Named<'h> = (String, &'h Stored);

/// Adds the range of each tensor in the order of the data, and returns the tensors by their keys in that order.
fn ranges(
    header: &mut Vec<(String, Info)>,
    (data_at, file_len): (u64, u64),
    ranges: &mut RangeStorages,
) -> Result<Vec<(String, Stored)>, ReadError> {
    let mut tensors = std::mem::take(header);
    // Tensors without elements keep the order of the text.
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    let mut stored = Vec::with_capacity(tensors.len());
    let mut at = 0;
    for (key, Info { dtype, shape, data_offsets: (start, end) }) in tensors {
        let found = || format!("`{key}` from {start} to {end}");
        if start != at || end < start {
            return Err(damaged("tensors that follow each other without a gap", found()));
        }
        at = end;
        let dtype = from_safetensors(&dtype)
            .ok_or_else(|| ReadError::UnknownDType { key: key.clone(), dtype })?;
        let shape = shape_from_safetensors(dtype, shape)
            .ok_or_else(|| damaged("an even number of F4 in the last dimension", found()))?;
        let nbytes = usize::try_from(end - start).ok();
        let numel = shape.iter().try_fold(1usize, |numel, &size| numel.checked_mul(size));
        let size = numel.and_then(|numel| numel.checked_mul(dtype.size()));
        let Some(nbytes) = nbytes.filter(|&nbytes| size == Some(nbytes)) else {
            let found = format!("{}, which is {dtype} {shape:?}", found());
            return Err(damaged("tensors that fill their bytes", found));
        };
        let storage = ranges.add(data_at.saturating_add(start), nbytes, "cpu");
        stored.push((key, (storage, dtype, shape)));
    }
    if data_at.checked_add(at) != Some(file_len) {
        let found = format!("{} bytes where it says {at}", file_len.saturating_sub(data_at));
        return Err(damaged("as many bytes of elements as the header says", found));
    }
    Ok(stored)
}

/// Returns the keys in order with their tensors, the ties included.
fn keys<'h>(
    stored: &'h [(String, Stored)],
    metadata: &mut BTreeMap<String, String>,
) -> Result<Vec<Named<'h>>, ReadError> {
    let mut known: HashMap<&str, &Stored> = HashMap::with_capacity(stored.len());
    for (key, tensor) in stored {
        if known.insert(key, tensor).is_some() {
            return Err(ReadError::DuplicateKey { key: key.clone() });
        }
    }
    // Other tools copy the metadata of files that they change: what they changed has no place in the order.
    let order: Option<Vec<String>> =
        metadata.remove(ORDER).and_then(|order| serde_json::from_str(&order).ok());
    let places: Option<HashMap<&str, usize>> = order
        .as_ref()
        .map(|order| order.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect());
    // Anyone may write anything there that is a tensor's name by chance. Where no keys are listed, as
    // `safetensors.torch.save_model` and huggingface_hub leave it, a tie is one of two names that end alike, or of a
    // name in a module that has other tensors.
    let modules: LazyCell<HashSet<&str>, _> = LazyCell::new(|| {
        known.keys().filter_map(|key| key.rsplit_once('.')).map(|(module, _)| module).collect()
    });
    let is_tie = |key: &str, same: &str| match (&places, key.rsplit_once('.')) {
        (Some(places), _) => places.contains_key(key),
        (None, None) => same.rsplit('.').next() == Some(key),
        (None, Some((module, name))) => {
            same.rsplit('.').next() == Some(name) || modules.contains(module)
        }
    };
    let mut keys: Vec<Named<'h>> =
        stored.iter().map(|(key, tensor)| (key.clone(), tensor)).collect();
    metadata.retain(|key, same| match known.get(same.as_str()) {
        Some(&tensor) if !known.contains_key(key.as_str()) && is_tie(key, same) => {
            keys.push((key.clone(), tensor));
            false
        }
        _ => true,
    });
    if let Some(places) = &places {
        keys.sort_by_key(|(key, _)| places.get(key.as_str()).copied().unwrap_or(usize::MAX));
    }
    Ok(keys)
}

/// Reads the state dict. No tensor is read.
pub(super) fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    let (mut header, data_at) = header(&source)?;
    let file_len = source.len();
    let mut storages = RangeStorages::new(Arc::new(source));
    let stored = ranges(&mut header.tensors, (data_at, file_len), &mut storages)?;
    let keys = keys(&stored, &mut header.metadata)?;
    let versions = header.metadata.remove(VERSIONS);
    let versions: Option<Vec<(String, Option<i64>)>> =
        versions.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
            damaged("a list of versions in `statedict.versions`", error.to_string())
        })?;
    // Another tool may have changed the file: what it says of other keys means nothing.
    let gradients: HashSet<String> = header
        .metadata
        .remove(GRADIENTS)
        .and_then(|text| serde_json::from_str::<Vec<String>>(&text).ok())
        .unwrap_or_default()
        .into_iter()
        .collect();
    let storages = in_memory::settle(storages, options)?;
    for (key, (storage, dtype, shape)) in &stored {
        let storage = Storage::new(Arc::clone(&storages), *storage);
        TensorView::contiguous(storage, *dtype, shape.as_slice(), 0).map_err(|error| {
            damaged("tensors that can be addressed", format!("`{key}`: {error}"))
        })?;
    }
    let graph = graph(&keys, &gradients, versions.as_deref(), storages)
        .map_err(|full| root::no_room("the keys of the file", full))?;
    Ok(Document {
        graph: Arc::new(graph),
        container: ContainerKind::Safetensors,
        byte_order: ByteOrder::Little,
        warnings: Vec::new(),
        facts: FileFacts { metadata: header.metadata, ..FileFacts::default() },
    })
}

/// The values that Python would have: a dict of tensors, or an `OrderedDict` where `_metadata` belongs to it.
fn graph(
    keys: &[Named<'_>],
    gradients: &HashSet<String>,
    versions: Option<&[(String, Option<i64>)]>,
    storages: Arc<dyn Storages>,
) -> Result<Graph<'static>, Full> {
    let mut graph = Graph::over(Arc::new([]));
    let mut entries = Vec::with_capacity(keys.len().saturating_mul(2));
    for (key, (storage, dtype, shape)) in keys {
        let can_have = dtype.is_floating_point() || dtype.is_complex();
        let requires_grad = can_have && gradients.contains(key.as_str());
        let key = root::text(&mut graph, key)?;
        let sizes = shape.iter().map(|&size| i64::try_from(size).map_err(|_| Full::Indices));
        let node = TensorNode {
            offset: 0,
            storage: StorageRef::File(*storage),
            dims: 0,
            rank: 0,
            dtype: *dtype,
            flags: TensorFlags { requires_grad, ..TensorFlags::default() },
        };
        let tensor = graph.add_tensor(node, &sizes.collect::<Result<Vec<_>, _>>()?, &[])?;
        entries.extend([key, tensor]);
    }
    let root = match versions {
        None => graph.add_dict(&entries)?,
        Some(versions) => {
            let modules = metadata(&mut graph, versions)?;
            let name = root::text(&mut graph, "_metadata")?;
            root::ordered_dict(&mut graph, &entries, &[name, modules])?
        }
    };
    graph.finish(root, storages);
    Ok(graph)
}

/// The modules' versions, as `Module.state_dict()` keeps them.
fn metadata(graph: &mut Graph<'_>, versions: &[(String, Option<i64>)]) -> Result<Raw, Full> {
    let mut modules = Vec::with_capacity(versions.len().saturating_mul(2));
    for (path, version) in versions {
        let path = root::text(graph, path)?;
        let entry = match version {
            Some(version) => {
                let name = root::text(graph, "version")?;
                graph.add_dict(&[name, Raw::Int(*version)])?
            }
            None => graph.add_dict(&[])?,
        };
        modules.extend([path, entry]);
    }
    root::ordered_dict(graph, &modules, &[])
}
