//! How much memory the library allocates. One test at a time: all allocations of the process are counted.

#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
mod counting;
mod read;
