//! PyTorch's files: bytes to values and back. Knows nothing of models.
//!
//! Nothing here may panic, whatever the bytes are.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

pub(crate) mod pickle;
pub(crate) mod read;
#[cfg(feature = "safetensors")]
mod safetensors;
pub(crate) mod write;

pub use pickle::{PickleError, ScannedGlobal, Verdict};
pub use read::{
    ByteOrder, ContainerKind, Document, Limits, Members, ReadError, ReadOptions, RefusedTensor,
    Scan, ScannedPickle, Source, Warning, scan,
};
pub use write::replace::Replacement;
pub use write::{ArchiveLayout, WriteError, WriteOptions};
