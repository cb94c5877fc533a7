//! Checkpoints: finding the state dict, editing, typed values, listing, devices.

mod edit;
mod find;
mod fixtures;
mod listing;
mod location;
mod typed;
mod typed_limits;
