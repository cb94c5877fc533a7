//! State dicts as safetensors files.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata as Header, TensorInfo};

use crate::codec::safetensors::{ORDER, VERSIONS, to_safetensors};
use crate::codec::write::error::WriteError;
use crate::codec::write::gathered::{Gathered, PIECE};
use crate::codec::write::replace;
use crate::map::StateMap;
use crate::tensor::{TensorView, required_bytes};

/// Saves a state dict as a safetensors file. As with [`save_map`](crate::save_map), the old file is replaced
/// at once and only if all is well.
///
/// Tied tensors are written once; that they are tied is in `__metadata__` (`name: name of the same`, as
/// `safetensors.torch.save_model` has it), and so are the order of the keys and the modules' versions.
/// [`StateMap::load_safetensors`] restores all of it. Each tensor is written row-major.
///
/// # Errors
/// Where there is something that the format cannot hold: element types it does not have, tensors that overlap
/// and are not the same, extra states. Where a tensor's bytes cannot be read, or writing fails.
pub fn save_safetensors(map: &StateMap<'_>, path: impl AsRef<Path>) -> Result<(), WriteError> {
    let file = SafeTensorsFile::new(map)?;
    let len = file.head.len() as u64 + file.data_len;
    replace::replace(path.as_ref(), len, true, |out| file.write(out))
}

/// A file of which everything is known but the tensors' bytes.
struct SafeTensorsFile<'m> {
    head: Vec<u8>,
    tensors: Vec<(&'m str, &'m TensorView<'m>)>,
    data_len: u64,
}

fn unwritable(key: &str, reason: &'static str) -> WriteError {
    WriteError::Unwritable { key: key.to_owned(), reason }
}

impl<'m> SafeTensorsFile<'m> {
    fn new(map: &'m StateMap<'m>) -> Result<Self, WriteError> {
        if let Some((key, _)) = map.values().next() {
            return Err(unwritable(key, "is no tensor, which safetensors cannot hold"));
        }
        let (mut tensors, mut metadata) = distinct(map)?;
        // The largest elements first, so that all are aligned.
        tensors.sort_by_key(|(_, dtype, _)| std::cmp::Reverse(*dtype));
        let stored: Vec<&str> = tensors.iter().map(|&(key, ..)| key).collect();
        let keys: Vec<&str> = map.keys().collect();
        if stored != keys {
            metadata.insert(ORDER.to_owned(), json(&keys)?);
        }
        if let Some(modules) = map.metadata() {
            let mut versions = Vec::with_capacity(modules.len());
            for (path, module) in modules.iter() {
                if module.extra().len() > 0 {
                    return Err(unwritable(path, "has metadata that safetensors cannot hold"));
                }
                versions.push((path, module.version()));
            }
            metadata.insert(VERSIONS.to_owned(), json(&versions)?);
        }
        metadata.entry("format".to_owned()).or_insert_with(|| "pt".to_owned());

        let mut at = 0usize;
        let mut infos = Vec::with_capacity(tensors.len());
        for &(key, dtype, view) in &tensors {
            let end = at.checked_add(view.nbytes());
            let end = end.ok_or(WriteError::TooLarge { what: "the file is" })?;
            let info = TensorInfo { dtype, shape: view.shape().to_vec(), data_offsets: (at, end) };
            infos.push((key.to_owned(), info));
            at = end;
        }
        let header = Header::new(Some(metadata), infos)
            .map_err(|_| WriteError::TooLarge { what: "a tensor is" })?;
        let mut text = json(&header)?.into_bytes();
        text.resize(text.len().next_multiple_of(8), b' ');
        let mut head = (text.len() as u64).to_le_bytes().to_vec();
        head.append(&mut text);
        let tensors = tensors.into_iter().map(|(key, _, view)| (key, view)).collect();
        Ok(SafeTensorsFile { head, tensors, data_len: at as u64 })
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), WriteError> {
        let mut out = Gathered::new(out);
        out.write(&self.head)?;
        for (key, view) in &self.tensors {
            let of = |error| WriteError::source_of(key, Box::new(error));
            // Damage must not be written again where no checksum shows it.
            view.storage().verify().map_err(of)?;
            let bytes = view.bytes().map_err(of)?;
            bytes.chunks(PIECE).try_for_each(|piece| out.write(piece))?;
        }
        out.flush()
    }
}

/// A key, its element type in the file, and its tensor.
type Stored<'m> = (&'m str, Dtype, &'m TensorView<'m>);

/// The tensors that must be written, and for the others the key of the same.
fn distinct<'m>(
    map: &'m StateMap<'m>,
) -> Result<(Vec<Stored<'m>>, HashMap<String, String>), WriteError> {
    let (mut tensors, mut ties) = (Vec::with_capacity(map.len()), HashMap::new());
    // What of each storage is taken, from where to where, and by which key.
    let mut taken: HashMap<(usize, u32), BTreeMap<usize, (usize, usize)>> = HashMap::new();
    for (index, (key, view)) in map.iter().enumerate() {
        let dtype = to_safetensors(view.dtype())
            .ok_or_else(|| unwritable(key, "has an element type that safetensors does not have"))?;
        if view.location() == "meta" {
            return Err(WriteError::Meta { key: key.to_owned() });
        }
        let start = view.storage_offset() * view.dtype().size();
        let end =
            required_bytes(view.shape(), &view.strides(), view.storage_offset(), view.dtype())
                .map_err(|_| WriteError::TooLarge { what: "a tensor is" })?;
        if end > start {
            let ranges = taken.entry(view.storage().identity()).or_default();
            let before = ranges.range(..end).next_back().filter(|(_, (to, _))| *to > start);
            if let Some((_, &(_, other))) = before {
                match map.get_index(other) {
                    Some((name, same)) if same.same_as(view) => {
                        ties.insert(key.to_owned(), name.to_owned());
                        continue;
                    }
                    _ => return Err(unwritable(key, "shares elements with another tensor")),
                }
            }
            ranges.insert(start, (end, index));
        }
        tensors.push((key, dtype, view));
    }
    Ok((tensors, ties))
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|error| WriteError::Io {
        action: "write the header as JSON",
        path: None,
        source: error.into(),
    })
}
