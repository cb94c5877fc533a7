//! Writing the files that `torch.save` writes, byte for byte.
//!
//! What is to be written is a state dict ([`from_map`]; a live model's is one without elements) or a graph of
//! values ([`from_graph`]). Each has an encoder that makes a pickle ([`pickle`]), and is packed into an archive
//! ([`archive`]): every size is known before the first byte, so that the archive is written in one pass without
//! seeking, checksums included. Writing to a path goes through a temporary file ([`replace`]).

mod archive;
mod chunked_writer;
mod container;
mod contents;
mod decimal;
mod error;
mod facts;
mod from_graph;
mod from_map;
mod legacy;
mod options;
mod pickle;
mod progress;
pub(crate) mod replace;
#[cfg(feature = "safetensors")]
mod safetensors;
#[cfg(not(feature = "safetensors"))]
#[path = "without_safetensors.rs"]
mod safetensors;
mod source;
pub(crate) mod temporary;
mod write_back;

use std::io::Write;
use std::path::Path;

pub use error::WriteError;
pub(crate) use from_map::LiveBytes;
pub use options::{ArchiveLayout, WriteOptions};
pub(crate) use source::{Sink, SourceError};

use crate::map::StateMap;
use crate::metadata::Metadata;
use crate::value::Graph;
use container::Destination;
use from_graph::GraphStorages;
use from_map::MapOutline;
use pickle::Pickle;

/// Saves a state dict in the format that the options or the path's ending say.
pub(crate) fn save_map(
    map: &StateMap<'_>,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_map(map, Destination::Path(path), options)
}

/// Saves the state dict of a live model in PyTorch's format: `bytes` hands over what its storages have.
pub(crate) fn save_live(
    map: &StateMap<'_>,
    bytes: &LiveBytes<'_>,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_tensors(&MapOutline::new(map, Some(bytes), true)?, Destination::Path(path), options)
}

/// Writes a state dict to a writer, as `torch.save(state_dict, file_object)`.
///
/// The writer needs no seeking: a socket or a compressor will do. The pieces written are large
/// (about a mebibyte, or all of a smaller file), so a `BufWriter` around it gains nothing. It is
/// flushed at the end.
///
/// ```
/// use statedict::{StateMap, TensorView, WriteOptions, write_map};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
/// let mut file = Vec::new();
/// write_map(&map, &mut file, &WriteOptions::default())?;
/// assert!(file.starts_with(b"PK\x03\x04"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`StateMap::save`]; after an error an incomplete archive may have been written.
pub fn write_map(
    map: &StateMap<'_>,
    mut writer: impl Write,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_map(map, Destination::Writer(&mut writer), options)
}

fn put_map(
    map: &StateMap<'_>,
    to: Destination<'_>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    if options.writes_safetensors(to.path()) {
        return safetensors::write(map, to, options);
    }
    match as_graph(map) {
        Some(graph) => put_graph(&graph, to, options),
        None => put_tensors(&MapOutline::new(map, None, options.keeps_storage())?, to, options),
    }
}

fn put_tensors(
    outline: &MapOutline<'_>,
    to: Destination<'_>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    let names = container::storage_names(options);
    let pickle = Pickle::made(|sink| pickle::state_dict(outline, names, sink))?;
    container::write(outline, &pickle, to, options)
}

/// The map as a graph of values, where it has others than tensors and versions.
fn as_graph<'a>(map: &StateMap<'a>) -> Option<Graph<'a>> {
    let extra = |metadata: &Metadata| metadata.iter().any(|(_, module)| module.extra().len() > 0);
    if map.values().len() == 0 && !map.metadata().is_some_and(extra) {
        return None;
    }
    let mut graph = Graph::of(());
    let root = graph.state_map(map);
    graph.set_root(root);
    Some(graph)
}

/// Saves a graph of values to a file, as `torch.save(value, path)`: a checkpoint with more in it than a state
/// dict. What [`StateMap::save_with`] says of files holds here too.
///
/// The graph of a file of PyTorch 2.15 that was not changed becomes the same file byte for byte, given
/// the same name and [`keep_storage`](WriteOptions::keep_storage).
///
/// ```
/// use statedict::value::Graph;
/// use statedict::{WriteOptions, codec, save_graph};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.pt");
/// let mut graph = Graph::new();
/// let root = graph.root().value_id();
/// graph.set(root, "epoch", 5)?;
/// graph.set(root, "lr", 1e-3)?;
/// save_graph(&graph, &path, &WriteOptions::default())?;
///
/// let document = codec::open(&path, &codec::ReadOptions::default())?;
/// assert_eq!(document.root().get("epoch").and_then(|epoch| epoch.as_i64()), Some(5));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where a value cannot be written in PyTorch's format, a tensor's bytes cannot be read, or writing fails.
pub fn save_graph(
    graph: &Graph<'_>,
    path: impl AsRef<Path>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_graph(graph, Destination::Path(path.as_ref()), options)
}

/// Writes a graph of values to a writer, as `torch.save(value, file_object)`; see [`save_graph`] and, for the
/// writer, [`write_map`].
///
/// # Errors
/// As for [`save_graph`]; after an error an incomplete archive may have been written.
pub fn write_graph(
    graph: &Graph<'_>,
    mut writer: impl Write,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_graph(graph, Destination::Writer(&mut writer), options)
}

fn put_graph(
    graph: &Graph<'_>,
    to: Destination<'_>,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    if options.writes_safetensors(to.path()) {
        // It holds state dicts only.
        return Err(WriteError::Unwritable {
            key: "the root".to_owned(),
            reason: "is any value, and safetensors files hold a state dict: save a `StateMap`",
        });
    }
    let mut storages = GraphStorages::new(graph, options.keeps_storage());
    let pickle = pickle::graph(graph, &mut storages, container::storage_names(options))?;
    container::write(&storages, &Pickle::kept(pickle), to, options)
}

#[cfg(test)]
mod tests;
