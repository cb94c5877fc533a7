//! Pickles as CPython's C pickler writes them at protocol 2.

mod batches;
mod encoder;
mod pickler;
mod streams;
mod template;
mod values;

pub(super) use pickler::{StorageNames, storage_name};
pub(super) use streams::{legacy_preamble, list_of_strings};
pub(super) use template::state_dict;
pub(super) use values::values;
