//! burn's tensors as leaves and its layers as modules.

mod layers;
mod leaves;
mod ties;
