//! Pickles as CPython's C pickler writes them at protocol 2.

mod batches;
mod encoder;
mod pickler;
mod template;
mod values;

pub(super) use pickler::StorageNames;
pub(super) use template::state_dict;
pub(super) use values::values;
