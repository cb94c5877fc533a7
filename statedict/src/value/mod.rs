//! The values that a checkpoint file holds: Python's, in an arena, with their identity.

mod build;
mod copy;
mod graph;
mod handle;
pub(crate) mod integer;
mod made;
mod numpy;
mod owned;
mod owned_graph;
mod parts;
mod provenance;
mod quantized;
pub(crate) mod raw;
mod refusal;
mod shared;
mod sparse;
mod sparse_check;
mod state_dict;

pub use graph::Graph;
pub(crate) use graph::{Bytes, Full};
pub use handle::{Kind, StorageValue, Value};
pub use integer::Integer;
pub use numpy::{NumPy, NumPyForm};
pub use owned::{Construction, DictNode, Node, NodeId, NotADict, ObjectNode, TensorNode, Tree};
pub use parts::{Dict, DictKind, GlobalName, Items, Object, Tensor, TorchDevice};
pub use quantized::{Quantization, Quantized};
pub use refusal::{Refusal, RefusalReason};
pub use shared::SharedValue;
pub use sparse::Sparse;
pub use sparse_check::SparseError;
