//! The repository itself: its files, its versions, and the layers of the library's modules.

mod layers;
mod promises;
