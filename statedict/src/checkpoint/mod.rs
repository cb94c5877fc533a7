//! Checkpoints: what a training saves besides its model.

pub mod optimizer;
