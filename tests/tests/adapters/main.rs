//! The tensors and layers of other libraries in models.

#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
mod ndarray;
mod prelude;
#[cfg(any(feature = "burn", feature = "candle"))]
mod scaffolded;
