//! Tensor libraries' types as leaves, each behind the feature named after the library.

#[cfg(feature = "burn-0_22")]
pub mod burn;
#[cfg(feature = "candle-0_11")]
pub mod candle;
#[cfg(feature = "ndarray-0_17")]
mod ndarray;
#[cfg(any(feature = "burn-0_22", feature = "candle-0_11"))]
mod stateless;
#[cfg(feature = "tch")]
mod tch;
