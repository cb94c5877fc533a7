//! What a module says of itself, and the walks over a model that take it.

mod alias;
mod error;
mod field;
mod hook;
mod keys;
mod leaf;
mod marker;
mod module;
mod names;
mod order;
mod part;
mod reading;
mod sharing;
mod siblings;
mod tour;
mod walk;
mod walking;
mod writing;

pub use error::{ModelError, Unavailable};
pub use field::{Describe, Description, Field, FieldKind, FieldTable};
pub use hook::Loaded;
pub(crate) use keys::{Key, KeyTree, narrow, wide};
pub(crate) use leaf::Elements;
pub use leaf::TensorRef;
pub use marker::Alias;
pub use module::{Change, MigrateStep, ModuleInfo};
pub(crate) use names::{ExtraName, Name, Names};
pub use part::{Access, ByMut, ByRef, Content, Part, Visitor};
pub(crate) use reading::{walk, walk_copying, walk_saving};
pub(crate) use sharing::Firsts;
pub(crate) use tour::{run_post_load, set_training, visit_extra_states};
pub use walk::Kind;
pub(crate) use walk::{Infos, Leaf, Module, Walk};
pub(crate) use writing::{Slot, walk_mut, walk_writing};
