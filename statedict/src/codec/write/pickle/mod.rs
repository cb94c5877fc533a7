//! Pickles as CPython's C pickler writes them at protocol 2.

mod batches;
mod bytes;
mod converted;
mod encoder;
mod graph;
mod graph_texts;
mod names;
mod pickler;
mod state_dict;
mod steps;
mod streams;
mod tensor_template;

pub(super) use bytes::Pickle;
pub(super) use graph::graph;
pub(super) use pickler::{StorageNames, storage_name};
pub(super) use state_dict::state_dict;
pub(super) use streams::{legacy_preamble, list_of_strings};
