//! Valid models in the edition of 2021: see `valid/mod.rs`.

#[path = "valid/mod.rs"]
mod valid;
