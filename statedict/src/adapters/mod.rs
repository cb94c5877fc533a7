//! Tensor libraries' types as leaves, each behind the feature named after the library.

#[cfg(feature = "burn")]
pub mod burn;
#[cfg(feature = "candle")]
pub mod candle;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(any(feature = "burn", feature = "candle"))]
mod stateless;
#[cfg(feature = "tch")]
mod tch;
