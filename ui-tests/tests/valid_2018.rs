//! Valid models in the edition of 2018: see `valid/mod.rs`.

#[path = "valid/mod.rs"]
mod valid;
