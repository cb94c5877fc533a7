//! candle's tensors and layers in models.

mod conformance;
mod layers;
mod leaves;
