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

/// Writes a state dict to a writer.
pub(crate) fn write_map(
    map: &StateMap<'_>,
    writer: &mut dyn Write,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_map(map, Destination::Writer(writer), options)
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

/// Saves a graph of values to a file.
pub(crate) fn save_graph(
    graph: &Graph<'_>,
    path: &Path,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_graph(graph, Destination::Path(path), options)
}

/// Writes a graph of values to a writer.
pub(crate) fn write_graph(
    graph: &Graph<'_>,
    writer: &mut dyn Write,
    options: &WriteOptions,
) -> Result<(), WriteError> {
    put_graph(graph, Destination::Writer(writer), options)
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
