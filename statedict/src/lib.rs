//! The PyTorch state dict for Rust.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod codec;
mod dtype;
mod key;
mod map;
mod metadata;
mod tensor;
mod traits;
pub mod value;
mod visit;

pub use dtype::DType;
pub use key::InvalidName;
pub use map::StateMap;
pub use metadata::{Metadata, ModuleMetadata};
pub use tensor::{Element, Shape, Storage, StorageError, Storages, Strides, TensorView, ViewError};
pub use traits::{ByteSink, StateDict, StorageId, Tensor, TensorError, TensorMut};
pub use visit::{Change, ModuleInfo, Visitor, VisitorMut};

#[cfg(feature = "derive")]
pub use statedict_derive::StateDict;
