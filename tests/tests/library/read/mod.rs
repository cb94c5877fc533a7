//! Reading files that PyTorch wrote, and files that nobody should have written.

mod archives;
mod entries;
mod fixture;
mod hostile;
mod in_memory;
mod kinds;
mod members;
mod nested_files;
mod odd_tensors;
mod old_formats;
mod other_reader;
mod peers;
mod pickles;
mod plain_pickles;
mod programs;
mod refusals;
mod safetensors;
mod sources;
mod special_tensors;
mod state_dicts;
mod values;
mod whole_models;
pub(crate) mod zip_builder;
