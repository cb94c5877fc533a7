//! candle's tensors and layers in models.

mod layers;
mod leaves;
