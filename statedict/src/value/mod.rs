//! The values that a checkpoint file holds: Python's, in an arena, with their identity.

mod build;
mod graph;
mod handle;
pub(crate) mod integer;
mod owned;
mod owned_graph;
mod parts;
pub(crate) mod raw;
mod refusal;

pub(crate) use graph::Full;
pub use graph::Graph;
pub use handle::{Kind, StorageValue, Value};
pub use integer::Integer;
pub use owned::{Construction, DictNode, Node, NodeId, NotADict, ObjectNode, TensorNode, Tree};
pub use parts::{Dict, DictKind, GlobalName, Items, Object, Tensor, TorchDevice};
pub use refusal::{Refusal, RefusalReason};
