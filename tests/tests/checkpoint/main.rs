//! Checkpoints: finding the state dict, editing, typed values, listing, devices.

mod edit;
mod find;
