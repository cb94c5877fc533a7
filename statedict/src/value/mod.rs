//! The values that a checkpoint file holds: Python's, in an arena, with their identity.

mod graph;
mod handle;
pub(crate) mod integer;
mod parts;
pub(crate) mod raw;
mod refusal;

pub(crate) use graph::Full;
pub use graph::Graph;
pub use handle::{Kind, StorageValue, Value};
pub use integer::Integer;
pub use parts::{Dict, DictKind, GlobalName, Items, Object, Tensor, TorchDevice};
pub use refusal::{Refusal, RefusalReason};
