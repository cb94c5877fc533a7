//! Reading files that PyTorch wrote, and files that nobody should have written.

mod archives;
mod fixture;
mod hostile;
mod pickles;
mod refusals;
mod sources;
mod state_dicts;
mod values;
mod zip_builder;
