//! State dicts as safetensors files.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use crate::codec::safetensors::{
    GRADIENTS, Header, Info, METADATA, ORDER, VERSIONS, shape_to_safetensors, to_safetensors,
};
use crate::codec::write::chunked_writer::ChunkedWriter;
use crate::codec::write::container::Destination;
use crate::codec::write::error::WriteError;
use crate::codec::write::options::WriteOptions;
use crate::map::StateMap;
use crate::tensor::{TensorView, required_bytes};

/// Writes a state dict as a safetensors file.
///
/// Tied tensors are written once; that they are tied is in `__metadata__` (`name: name of the same`, as
/// `safetensors.torch.save_model` has it), and so are the order of the keys, which tensors require gradients, and the
/// modules' versions. Each tensor is written row-major.
pub(super) fn write(
    map: &StateMap<'_>,
    to: Destination<'_>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    let file = SafeTensorsFile::new(map, options)?;
    to.take(file.len(), options, |out| file.write(out))
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
    fn new(map: &'m StateMap<'m>, options: &WriteOptions) -> Result<Self, WriteError> {
        if let Some((key, _)) = map.values().next() {
            return Err(unwritable(
                key,
                "is no tensor, which safetensors cannot hold: take it out with `StateMap::remove_value`",
            ));
        }
        if map.contains_key(METADATA) {
            return Err(unwritable(METADATA, "has a name that safetensors has another use for"));
        }
        let (mut tensors, ties) = distinct(map, options.copies_overlaps())?;
        let mut metadata = map.file_metadata().clone();
        for (key, same) in ties {
            record(&mut metadata, &key, same)?;
        }
        // The largest elements first, so that all are aligned.
        tensors.sort_by_key(|&(_, (rank, _), _)| std::cmp::Reverse(rank));
        let stored: Vec<&str> = tensors.iter().map(|&(key, ..)| key).collect();
        let keys: Vec<&str> = map.keys().collect();
        if stored != keys {
            record(&mut metadata, ORDER, json(&keys)?)?;
        }
        let gradients = map.iter().filter(|(_, view)| view.requires_grad());
        let gradients: Vec<&str> = gradients.map(|(key, _)| key).collect();
        if !gradients.is_empty() {
            record(&mut metadata, GRADIENTS, json(&gradients)?)?;
        }
        if let Some(modules) = map.metadata() {
            let mut versions = Vec::with_capacity(modules.len());
            for (path, module) in modules.iter() {
                if module.extra().len() > 0 {
                    return Err(unwritable(path, "has metadata that safetensors cannot hold"));
                }
                versions.push((path, module.version()));
            }
            record(&mut metadata, VERSIONS, json(&versions)?)?;
        }
        metadata.entry("format".to_owned()).or_insert_with(|| "pt".to_owned());

        let mut at = 0u64;
        let mut infos = Vec::with_capacity(tensors.len());
        for &(key, (_, dtype), view) in &tensors {
            let end = at.checked_add(view.nbytes() as u64);
            let end = end.ok_or(WriteError::TooLarge { what: "the file is" })?;
            let shape = shape_to_safetensors(view.dtype(), view.shape()).ok_or_else(|| {
                unwritable(key, "has no dimension, in which safetensors would count its two F4")
            })?;
            let dtype = dtype.to_owned();
            infos.push((key.to_owned(), Info { dtype, shape, data_offsets: (at, end) }));
            at = end;
        }
        let mut text = json(&Header { metadata, tensors: infos })?.into_bytes();
        text.resize(text.len().next_multiple_of(8), b' ');
        let mut head = (text.len() as u64).to_le_bytes().to_vec();
        head.append(&mut text);
        let tensors = tensors.into_iter().map(|(key, _, view)| (key, view)).collect();
        Ok(SafeTensorsFile { head, tensors, data_len: at })
    }

    fn len(&self) -> u64 {
        self.head.len() as u64 + self.data_len
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), WriteError> {
        let mut out = ChunkedWriter::new(out);
        out.write(&self.head)?;
        for (key, view) in &self.tensors {
            let of = |error| WriteError::source_of(key, Box::new(error));
            // Damage must not be written again where no checksum shows it.
            view.storage().verify().map_err(of)?;
            view.each_piece(of, |piece| out.write(piece))?;
        }
        out.flush()
    }
}

/// Adds what saving records to the file's own metadata.
fn record(
    metadata: &mut BTreeMap<String, String>,
    name: &str,
    text: String,
) -> Result<(), WriteError> {
    match metadata.insert(name.to_owned(), text) {
        None => Ok(()),
        Some(_) => Err(unwritable(name, "has a name that the file's metadata has another use for")),
    }
}

/// A key, its dtype's rank and name in the file, and its tensor.
type Stored<'m> = (&'m str, (usize, &'static str), &'m TensorView<'m>);

/// Two names of one tensor: the one that is not written, and the one that is.
type Tie = (String, String);

/// Returns the tensors that must be written, and the ties of the others.
fn distinct<'m>(
    map: &'m StateMap<'m>,
    copies_overlaps: bool,
) -> Result<(Vec<Stored<'m>>, Vec<Tie>), WriteError> {
    let (mut tensors, mut ties) = (Vec::with_capacity(map.len()), Vec::new());
    // What of each storage is taken, from where to where, and by which key.
    let mut taken: HashMap<(usize, u32), BTreeMap<usize, (usize, usize)>> = HashMap::new();
    // What overlaps with that and is copied, by its place.
    let mut copied: HashMap<((usize, u32), usize, usize), Vec<usize>> = HashMap::new();
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
            let storage = view.storage().identity();
            let ranges = taken.entry(storage).or_default();
            let before = ranges.range(..end).next_back().filter(|(_, (to, _))| *to > start);
            let overlap = before.and_then(|(_, &(_, other))| map.get_index(other));
            let copies = copied.get(&(storage, start, end)).into_iter().flatten();
            let copies = copies.filter_map(|&other| map.get_index(other));
            let same = overlap.into_iter().chain(copies).find(|(_, other)| other.same_as(view));
            match (same, overlap) {
                (Some((name, _)), _) => {
                    ties.push((key.to_owned(), name.to_owned()));
                    continue;
                }
                (None, None) => drop(ranges.insert(start, (end, index))),
                (None, Some(_)) if copies_overlaps => {
                    copied.entry((storage, start, end)).or_default().push(index);
                }
                (None, Some((other, _))) => {
                    let (key, other) = (key.to_owned(), other.to_owned());
                    return Err(WriteError::Overlap { key, other });
                }
            }
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
