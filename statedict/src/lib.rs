//! The PyTorch state dict for Rust.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod adapters;
pub mod codec;
mod collect;
mod dtype;
mod error;
mod impls;
mod key;
mod leaves;
mod line;
mod load;
mod map;
mod metadata;
mod migration;
mod parallel;
mod save;
mod state_dict_ext;
mod tensor;
mod traits;
pub mod value;
mod visit;

#[cfg(feature = "safetensors")]
pub use codec::write::save_safetensors;
pub use codec::write::{
    ArchiveLayout, WriteError, WriteOptions, save_map, save_tree, write_map, write_tree,
};
pub use codec::{ReadError, ReadOptions};
pub use collect::CollectError;
pub use dtype::DType;
pub use error::Error;
pub use key::InvalidName;
pub use leaves::Nested;
pub use load::{
    AliasPolicy, Converted, DTypePolicy, LoadError, LoadOptions, LoadProblem, LoadReport,
    ModuleMigration,
};
pub use map::StateMap;
pub use metadata::{Metadata, ModuleMetadata};
pub use migration::{MigrateError, Migration};
pub use state_dict_ext::StateDictExt;
pub use tensor::{
    CpuTensor, Element, Shape, Storage, StorageError, Storages, Strides, TensorView, ViewError,
};
pub use traits::{ByteSink, StateDict, StorageId, Tensor, TensorError, TensorMut};
pub use visit::{Change, Kind, MigrateStep, ModelError, ModuleInfo, Visitor, VisitorMut};

#[cfg(feature = "derive")]
pub use statedict_derive::StateDict;

/// What a program that annotates models needs: `use statedict::prelude::*`.
pub mod prelude {
    pub use crate::{
        CpuTensor, DType, StateDict, StateDictExt, StateMap, Tensor, TensorMut, TensorView,
    };
}
