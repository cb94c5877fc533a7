//! What a load did, or why it did nothing: for people and for programs.

pub(super) mod error;
pub(super) mod hint;
#[cfg(feature = "serde")]
mod json;
pub(super) mod key_list;
pub(super) mod loaded;
pub(super) mod problem;
