//! State dicts out of safetensors files.

use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::Metadata as Header;

use crate::codec::read::error::ReadError;
use crate::codec::read::ranges::RangeStorages;
use crate::codec::read::source::Source;
use crate::codec::safetensors::{ORDER, VERSIONS, from_safetensors};
use crate::map::StateMap;
use crate::metadata::{Metadata, ModuleMetadata};
use crate::tensor::{Storage, Storages, TensorView};

/// The longest header, as the format's own libraries have it.
const MAX_HEADER: u64 = 100_000_000;

/// Opens a safetensors file. Tensors are lazy views; ties, order and versions that
/// [`save_safetensors`](crate::save_safetensors) recorded are restored, and so are ties that
/// `safetensors.torch.save_model` did.
///
/// # Errors
/// Where the file cannot be read or is damaged, or has an element type that PyTorch does not.
pub(crate) fn load(path: &Path) -> Result<StateMap<'static>, ReadError> {
    let io = |source| ReadError::Io { file: path.display().to_string(), source };
    read_safetensors(Source::open(path).map_err(io)?)
}

/// Reads a safetensors file from any source; see [`StateMap::load_safetensors`]. No tensor is read: that
/// happens when one is asked for.
///
/// # Errors
/// Where it cannot be read or is damaged, or has an element type that PyTorch does not.
///
/// ```
/// use statedict::codec::{Source, read_safetensors};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let header = br#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#;
/// let mut file = u64::try_from(header.len())?.to_le_bytes().to_vec();
/// file.extend(header);
/// file.extend([1, 2]);
/// let map = read_safetensors(Source::bytes(file))?;
/// assert_eq!(map.get("a").unwrap().to_vec::<u8>()?, [1, 2]);
/// # Ok(())
/// # }
/// ```
pub fn read_safetensors(source: Source) -> Result<StateMap<'static>, ReadError> {
    let name = source.name().to_owned();
    let io = |source| ReadError::Io { file: name.clone(), source };
    let damaged = |expected: &str, found: String| ReadError::Damaged {
        part: "the header".into(),
        offset: 0,
        expected: expected.to_owned().into(),
        found,
    };
    let mut len = [0; 8];
    let too_short = |_| damaged("a header", "a shorter file".to_owned());
    source.read_at(0, &mut len).map_err(too_short)?;
    let header_len = u64::from_le_bytes(len);
    let data_at = header_len.checked_add(8).filter(|&at| at <= source.len() && at <= MAX_HEADER);
    let data_at = data_at
        .ok_or_else(|| damaged("a header within the file", format!("{header_len} bytes")))?;
    let text = source.read_vec(8, usize::try_from(header_len).unwrap_or(0)).map_err(io)?;
    let header: Header = serde_json::from_slice(&text)
        .map_err(|error| damaged("the JSON of a safetensors file", error.to_string()))?;
    if data_at.checked_add(header.data_len() as u64) != Some(source.len()) {
        let found = format!("{} bytes", source.len().saturating_sub(data_at));
        return Err(damaged("as many bytes of elements as the header says", found));
    }

    let mut ranges = RangeStorages::new(Arc::new(source));
    let mut added = Vec::with_capacity(header.offset_keys().len());
    for key in header.offset_keys() {
        let Some(info) = header.info(&key) else { continue };
        let dtype = from_safetensors(info.dtype).ok_or_else(|| ReadError::Unsupported {
            member: key.clone(),
            found: format!("the element type {}", info.dtype),
        })?;
        let (start, end) = info.data_offsets;
        let storage = ranges.add(data_at.saturating_add(start as u64), end - start, "cpu");
        added.push((key, storage, dtype, info.shape.clone()));
    }
    let ranges: Arc<dyn Storages> = Arc::new(ranges);
    let mut stored = StateMap::with_capacity(added.len());
    for (key, storage, dtype, shape) in added {
        let storage = Storage::new(Arc::clone(&ranges), storage);
        let view = TensorView::contiguous(storage, dtype, shape, 0)
            .map_err(|error| damaged("tensors that their bytes fill", error.to_string()))?;
        stored.insert(key, view);
    }
    restore(stored, &header).map_err(|what| damaged("what was recorded", what))
}

/// The map with its ties, in its order, with its versions.
fn restore(mut stored: StateMap<'static>, header: &Header) -> Result<StateMap<'static>, String> {
    let Some(metadata) = header.metadata() else { return Ok(stored) };
    let mut ties: Vec<(&String, &String)> = metadata
        .iter()
        .filter(|(key, same)| !stored.contains_key(key) && stored.contains_key(same))
        .collect();
    ties.sort_unstable();
    for (key, same) in ties {
        if let Some(view) = stored.get(same).cloned() {
            stored.insert(key.clone(), view);
        }
    }
    let mut map = match metadata.get(ORDER) {
        None => stored,
        Some(order) => {
            let order: Vec<String> = serde_json::from_str(order).map_err(|e| e.to_string())?;
            let mut map = StateMap::with_capacity(stored.len());
            for key in order {
                let view = stored.get(&key).ok_or_else(|| format!("no tensor `{key}`"))?;
                map.insert(key, view.clone());
            }
            if map.len() != stored.len() {
                return Err(format!("an order of {} of {} keys", map.len(), stored.len()));
            }
            map
        }
    };
    if let Some(versions) = metadata.get(VERSIONS) {
        let versions: Vec<(String, Option<u64>)> =
            serde_json::from_str(versions).map_err(|error| error.to_string())?;
        let mut modules = Metadata::default();
        for (path, version) in versions {
            let entry = version.map_or_else(ModuleMetadata::default, ModuleMetadata::with_version);
            modules.insert(path, entry);
        }
        *map.metadata_mut() = Some(modules);
    }
    Ok(map)
}
