//! What a load would do: what the model expects, what of the state dict goes where, and what does not fit.

pub(super) mod compat;
pub(super) mod expected;
pub(super) mod extra;
pub(super) mod found;
pub(super) mod key_problems;
pub(super) mod matching;
pub(super) mod migrate;
pub(super) mod outline;
pub(super) mod tree;
pub(super) mod verify;
