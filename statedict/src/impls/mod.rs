//! [`StateDict`](crate::StateDict) for containers, by what they add to the keys.

mod lock;
mod map;
mod owner;
mod parameters;
mod sequence;
mod shared;

pub use parameters::{ParameterDict, ParameterList};
