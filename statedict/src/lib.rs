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
pub mod leaf;
mod leaves;
pub mod load;
mod map;
pub mod mapping;
mod metadata;
mod migration;
mod name_map;
mod nontemporal_copy;
mod not_kept;
mod parallel;
mod plain_debug;
mod save;
pub mod schema;
mod setters;
mod state_dict_ext;
pub mod tensor;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;
pub mod visit;

#[cfg(feature = "burn-0_22")]
pub use adapters::burn as burn_0_22;
#[cfg(feature = "candle-0_11")]
pub use adapters::candle as candle_0_11;
#[cfg(feature = "burn")]
#[doc(no_inline)]
pub use burn_0_22 as burn;
#[cfg(feature = "candle")]
#[doc(no_inline)]
pub use candle_0_11 as candle;
pub use checkpoint::Checkpoint;
pub use codec::ReadOptions;
pub use codec::write::WriteOptions;
pub use collect::CollectError;
pub use dtype::DType;
pub use error::Error;
pub use extra_state::{ExtraState, ExtraStateError};
pub use impls::{ParameterDict, ParameterList};
pub use load::{DTypePolicy, LoadError, LoadOptions, LoadReport};
pub use map::StateMap;
pub use mapping::{KeyMap, MapLocation};
#[doc(inline)]
pub use migration::pieces as migrations;
pub use migration::{MigrateError, Migration};
pub use schema::Schema;
pub use state_dict_ext::StateDictExt;
pub use tensor::{CpuTensor, TensorView};
pub use visit::{Alias, StateDict};

/// The state of an optimizer, as `optimizer.state_dict()` of PyTorch: read, named, changed and written.
///
/// [`OptimizerState`](optim::OptimizerState) is where to begin.
pub mod optim {
    pub use crate::checkpoint::optimizer::{
        Algorithm, FromState, IntoState, OptimizerError, OptimizerProblem, OptimizerReport,
        OptimizerState, OptimizerWarning, ParamGroup, ParamGroupMut, ParamId, ParamState,
        ParamStateMut, StateValue, WrongValue,
    };
}

/// The parts of a [`StateMap`]: the `_metadata` of PyTorch, and what has no place in it.
pub mod state_map {
    pub use crate::key::InvalidName;
    pub use crate::metadata::{Metadata, ModuleMetadata};
    pub use crate::not_kept::{NotKept, NotKeptItem};
}

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

/// The names that most programs need: `use statedict::prelude::*`.
///
/// None of them is a name of candle, burn or ndarray, and no trait of it has a method that a tensor of theirs
/// has. That is why [`DType`] and the traits of [`leaf`] are not here.
pub mod prelude {
    pub use crate::{
        Checkpoint, CpuTensor, KeyMap, LoadOptions, StateDict, StateDictExt, StateMap, TensorView,
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
    #[doc = include_str!("../doc/formats.md")]
    pub mod formats {}
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
