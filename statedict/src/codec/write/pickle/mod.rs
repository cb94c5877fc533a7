//! Pickles as CPython's C pickler writes them at protocol 2.

mod batches;
mod encoder;
mod template;

pub(super) use template::state_dict;
