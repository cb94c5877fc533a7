//! The values that a checkpoint file holds: Python's, in a graph that can be read and changed, with their
//! identity.

mod absent;
mod copy;
mod edit;
mod graph;
mod handle;
pub(crate) mod integer;
mod numpy;
mod parts;
mod provenance;
mod quantized;
pub(crate) mod raw;
mod reachable;
mod refusal;
mod shared;
mod sparse;
mod state_dict;

pub(crate) use copy::Copies;
pub use edit::{NewValue, NotAContainer, ValueId};
pub use graph::Graph;
pub(crate) use graph::{Bytes, Full};
pub use handle::{Kind, StorageValue, Value};
pub use integer::Integer;
pub use numpy::{NumPy, NumPyForm};
pub use parts::{Dict, DictKind, GlobalName, Items, Object, Tensor, TorchDevice};
pub use quantized::{Quantization, Quantized};
pub use refusal::{Refusal, RefusalReason};
pub use shared::SharedValue;
pub use sparse::Sparse;
