//! The values that a checkpoint file holds: Python's, in a graph that can be read and changed, with their
//! identity.

mod absent;
mod build;
mod copy;
mod edit;
mod handle;
mod id;
pub(crate) mod integer;
mod kind;
mod mapping;
mod new_value;
mod numpy;
mod origin;
mod parts;
mod provenance;
mod python_name;
mod quantized;
pub(crate) mod raw;
mod reachable;
mod refusal;
mod shared;
mod sparse;
mod sparse_check;
mod state_dict;
mod store;
mod str_like;
mod tables;
pub(crate) mod text;

pub(crate) use copy::Copies;
pub use edit::NotAContainer;
pub use handle::Value;
pub use id::ValueId;
pub use integer::Integer;
pub use kind::Kind;
pub use new_value::NewValue;
pub use numpy::{NumPy, NumPyForm};
pub use parts::{Dict, DictKind, GlobalName, Items, Object, StorageValue, Tensor, TorchDevice};
pub(crate) use python_name::modern;
pub use quantized::{Quantization, Quantized};
pub use refusal::{Refusal, RefusalReason};
pub use shared::SharedValue;
pub use sparse::Sparse;
pub use sparse_check::SparseError;
pub use store::Graph;
pub(crate) use store::{Bytes, Full};
