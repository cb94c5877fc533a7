//! The PyTorch state dict for Rust.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod adapters;
mod codec;
mod collect;
mod dtype;

mod impls;
mod json;
mod key;
mod leaves;
mod load;
mod map;
mod mapping;
mod metadata;
mod migration;
mod parallel;

mod state_dict_ext;
mod tensor;
mod traits;
mod visit;

pub use codec::write::{ArchiveLayout, WriteError, WriteOptions, save_map, write_map};
pub use collect::CollectError;
pub use dtype::DType;
pub use key::InvalidName;
pub use leaves::Nested;
pub use load::{
    AliasPolicy, Atomicity, Converted, DTypePolicy, IncompatibleKeys, LoadError, LoadOptions,
    LoadProblem, LoadReport, Mismatched, ModuleMigration, PreLoad, PrefixGuess,
};
pub use map::StateMap;
pub use mapping::{KeyMap, KeyMapError, MapLocation, Mapped};
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
