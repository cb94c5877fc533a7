//! How much memory the library allocates. One test at a time: all allocations of the process are counted.

mod amplification;
#[cfg(feature = "burn")]
mod burn;
#[cfg(feature = "candle")]
mod candle;
mod corpus;
mod counting;
#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own for the fuzzer")]
mod fuzz;
mod read;
