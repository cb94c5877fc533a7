//! Valid models in the edition of 2024: see `valid/mod.rs`.

#[path = "valid/mod.rs"]
mod valid;
