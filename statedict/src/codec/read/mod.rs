//! Reading checkpoint files.

mod aligned_buffer;
mod archive_facts;
mod container;
mod detect;
mod document;
mod entries;
mod error;
#[cfg(feature = "safetensors")]
mod exported;
mod flatten;
mod in_memory;
mod kind;
mod limits;
mod members;
mod module;
mod nested;
mod no_storages;
mod not_kept;
mod object;
mod open;
mod options;
mod pickle_run;
mod ranges;
mod root;
#[cfg(feature = "safetensors")]
mod safetensors;
mod scan;
mod source;
mod source_at;
mod state_map;
mod stream;
mod tar;
mod torchscript;
mod warning;
mod zip;

pub use document::Document;
pub(crate) use document::FileFacts;
pub(crate) use entries::{is_tensor, unfit};
pub use error::ReadError;
pub use kind::{ByteOrder, ContainerKind};
pub use limits::Limits;
pub(crate) use limits::PickleLimits;
pub use members::Members;
pub(crate) use module::is_module;
pub use options::ReadOptions;
pub use scan::{Scan, ScannedPickle, scan};
pub use source::Source;
pub use state_map::RefusedTensor;
pub(crate) use state_map::{Extract, Partial};
pub use warning::Warning;
#[cfg(feature = "hub")]
pub(crate) use zip::is_cut_off;
