#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod adapters;
pub mod checkpoint;
pub mod codec;
mod collect;
pub mod contents;
mod dtype;
mod error;
mod escape;
mod extra_state;
mod files;
#[cfg(feature = "hub")]
#[cfg_attr(docsrs, doc(cfg(feature = "hub")))]
pub mod hub;
mod huge_pages;
mod impls;
mod key;
mod leaves;
mod load;
mod map;
mod mapping;
mod metadata;
mod migration;
mod name_map;
mod nontemporal_copy;
mod not_kept;
mod parallel;
mod plain_debug;
mod save;
mod schema;
mod setters;
mod state_dict_ext;
mod tensor;
#[cfg(feature = "testing")]
pub mod testing;
mod traits;
pub mod value;
mod visit;

#[cfg(feature = "burn")]
pub use adapters::burn;
#[cfg(feature = "candle")]
pub use adapters::candle;
#[doc(inline)]
pub use checkpoint::optimizer as optim;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use codec::write::{
    ArchiveLayout, WriteError, WriteOptions, save_graph, write_graph, write_map,
};
pub use codec::{ReadError, ReadOptions};
pub use collect::CollectError;
pub use dtype::DType;
pub use error::Error;
pub use extra_state::{ExtraState, ExtraStateError};
pub use impls::{ParameterDict, ParameterList};
pub use key::InvalidName;
pub use leaves::Nested;
pub use load::{
    AliasPolicy, Atomicity, Converted, DTypePolicy, IncompatibleKeys, KeyList, LoadError,
    LoadOptions, LoadProblem, LoadReport, MapMigration, Mismatched, ModuleMigration, PreLoad,
    PrefixGuess, migrate, migrate_with,
};
pub use map::StateMap;
pub use mapping::{KeyMap, KeyMapError, LocationError, MapLocation, Mapped};
pub use metadata::{Metadata, ModuleMetadata};
#[doc(inline)]
pub use migration::pieces as migrations;
pub use migration::{MigrateError, Migration};
pub use not_kept::{NotKept, NotKeptItem};
pub use schema::{
    Schema, SchemaEntry, SchemaItem, SchemaModule, SchemaParseError, SchemaUnknown, UnknownReason,
};
pub use state_dict_ext::StateDictExt;
pub use tensor::{
    CpuTensor, Element, Shape, Storage, StorageError, Storages, Strides, TensorView, ViewError,
};
pub use traits::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable};
pub use visit::{
    Access, Alias, ByMut, ByRef, Change, Content, Describe, Description, Field, FieldKind,
    FieldTable, Kind, Loaded, MigrateStep, ModelError, ModelErrors, ModuleInfo, Part, StateDict,
    TensorRef, Unavailable, Visitor,
};

#[cfg(feature = "derive")]
#[doc = include_str!("../doc/derive.md")]
#[doc(alias = "param")]
#[doc(alias = "buffer")]
#[doc(alias = "persistent")]
#[doc(alias = "skip")]
#[doc(alias = "training")]
#[doc(alias = "rename")]
#[doc(alias = "rename_all")]
#[doc(alias = "flatten")]
#[doc(alias = "transparent")]
#[doc(alias = "alias")]
#[doc(alias = "extra_state")]
#[doc(alias = "version")]
#[doc(alias = "since")]
#[doc(alias = "renamed")]
#[doc(alias = "removed")]
#[doc(alias = "migrate")]
pub use statedict_derive::StateDict;

/// The names that a program that annotates models needs: `use statedict::prelude::*`.
pub mod prelude {
    pub use crate::{
        CpuTensor, DType, StateDict, StateDictExt, StateMap, Tensor, TensorMut, TensorView,
    };
}

/// Guides: begin with [Start here](guide::start).
pub mod guide {
    #[cfg(feature = "derive")]
    #[doc = include_str!("../doc/start.md")]
    pub mod start {}
    #[cfg(feature = "derive")]
    #[doc = include_str!("../doc/words.md")]
    pub mod words {}
    #[cfg(feature = "derive")]
    #[doc = include_str!("../doc/failures.md")]
    pub mod failures {}
    #[doc = include_str!("../doc/untrusted.md")]
    pub mod untrusted {}
    #[doc = include_str!("../doc/checkpoints.md")]
    pub mod checkpoints {}
    #[doc = include_str!("../doc/migrating.md")]
    pub mod migrating {}
    #[cfg(all(feature = "derive", feature = "serde"))]
    #[doc = include_str!("../doc/pytorch.md")]
    pub mod pytorch {}

    #[cfg(feature = "burn")]
    #[doc = include_str!("../doc/burn.md")]
    pub mod burn {}

    #[cfg(feature = "tch")]
    #[doc = include_str!("../doc/tch.md")]
    pub mod tch {}

    #[cfg(feature = "candle")]
    #[doc = include_str!("../doc/candle.md")]
    pub mod candle {}
}
