//! The repository itself: its files, its versions, and the layers of the library's modules.

mod circles;
mod imports;
mod layers;
mod promises;
mod public_api;
