//! Reading checkpoint files.

mod aligned_buffer;
mod container;
mod detect;
mod document;
mod entries;
mod error;
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
mod options;
mod pickle_run;
mod ranges;
#[cfg(feature = "safetensors")]
mod safetensors;
mod scan;
mod source;
mod state_map;
mod stream;
mod tar;
mod warning;
mod zip;

use std::path::Path;

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

/// Opens the checkpoint at `path`. No tensor is read: that happens when one is asked for.
///
/// With the feature `mmap` the file is mapped where the system can; see [`Source::map`] for what that asks of you,
/// and [`ReadOptions::mmap`] for how to do without.
///
/// # Errors
/// Where the file cannot be read, is damaged, is no checkpoint, or holds what this reader refuses.
///
/// ```no_run
/// use statedict::codec;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = codec::open("model.pt", &codec::ReadOptions::default())?;
/// let map = document.state_map()?;
/// for (key, tensor) in map.iter() {
///     println!("{key}: {} {}", tensor.dtype(), tensor.shape());
/// }
/// # Ok(())
/// # }
/// ```
pub fn open(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Document, ReadError> {
    let path = path.as_ref();
    // What is read whole is not mapped first.
    let source = match options.mmap && !options.in_memory {
        true => Source::open(path),
        false => Source::file(path),
    };
    let source =
        source.map_err(|source| ReadError::Io { file: path.display().to_string(), source })?;
    read(source, options)
}

/// Reads the checkpoint that `source` holds. No tensor is read: that happens when one is asked for.
///
/// # Errors
/// As [`open`].
///
/// ```
/// use statedict::codec::{self, ReadError, ReadOptions, Source};
///
/// let error = codec::read(Source::bytes(b"hello"), &ReadOptions::default()).unwrap_err();
/// assert!(matches!(error, ReadError::Foreign { .. }));
/// ```
pub fn read(source: Source, options: &ReadOptions) -> Result<Document, ReadError> {
    container::read(source, options)
}

/// Reads all objects of a file into which `torch.save` was called several times.
///
/// PyTorch before 1.6 could do so (and can still, with `_use_new_zipfile_serialization=False`), and
/// reads them back by calling `torch.load` as often. Every other file holds one object.
///
/// # Errors
/// As [`open`], for any of the objects.
pub fn read_all(source: Source, options: &ReadOptions) -> Result<Vec<Document>, ReadError> {
    container::read_all(source, options)
}
