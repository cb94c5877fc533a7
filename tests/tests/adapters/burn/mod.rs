//! burn's tensors as leaves and its layers as modules.

mod conformance;
mod layers;
mod leaves;
mod ties;
