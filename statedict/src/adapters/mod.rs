//! Tensor libraries' types as leaves, each behind the feature named after the library.

#[cfg(feature = "ndarray")]
mod ndarray;
