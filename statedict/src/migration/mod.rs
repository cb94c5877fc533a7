//! What a step from one version of a module to the next can do with the module's own keys.
//!
//! A migration sees a state dict before any model does: names and lazy tensors. Nothing is computed
//! until the result is loaded or saved.

mod error;
pub mod pieces;
mod subtree;

pub use error::MigrateError;
pub(crate) use subtree::Edit;
pub use subtree::Migration;
