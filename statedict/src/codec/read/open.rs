//! A document from a file or from bytes.

use std::path::Path;

use crate::codec::read::container;
use crate::codec::read::document::Document;
use crate::codec::read::error::ReadError;
use crate::codec::read::options::ReadOptions;
use crate::codec::read::source::Source;

impl Document {
    /// Opens the checkpoint at `path`. No tensor is read: that happens when one is asked for.
    ///
    /// With the feature `mmap` the file is mapped where the system can; see [`Source::map`] for what that asks of
    /// you, and [`ReadOptions::mmap`] for how to do without.
    ///
    /// ```no_run
    /// use statedict::codec::Document;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let map = Document::open("model.pt")?.state_map()?;
    /// for (key, tensor) in map.iter() {
    ///     println!("{key}: {} {}", tensor.dtype(), tensor.shape());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, is no checkpoint, or holds what this reader refuses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Document::open_with(path, &ReadOptions::new())
    }

    /// Opens the checkpoint at `path` with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn open_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Self, ReadError> {
        let path = path.as_ref();
        // What is read whole is not mapped first.
        let source = match options.mmap && !options.in_memory {
            true => Source::open(path),
            false => Source::file(path),
        };
        let source =
            source.map_err(|source| ReadError::Io { file: path.display().to_string(), source })?;
        Document::read_with(source, options)
    }

    /// Reads the checkpoint that `source` holds. No tensor is read: that happens when one is asked for.
    ///
    /// ```
    /// use statedict::codec::{Document, ReadError, Source};
    ///
    /// let error = Document::read(Source::bytes(b"hello")).unwrap_err();
    /// assert!(matches!(error, ReadError::Foreign { .. }));
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(source: Source) -> Result<Self, ReadError> {
        Document::read_with(source, &ReadOptions::new())
    }

    /// Reads the checkpoint that `source` holds, with options.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what the options allow.
    pub fn read_with(source: Source, options: &ReadOptions) -> Result<Self, ReadError> {
        container::read(source, options)
    }

    /// Reads all objects of a file into which `torch.save` was called several times.
    ///
    /// PyTorch before 1.6 could do so (and can still, with `_use_new_zipfile_serialization=False`), and
    /// reads them back by calling `torch.load` as often. Every other file holds one object.
    ///
    /// # Errors
    /// As [`open`](Self::open), for any of the objects.
    pub fn read_all(source: Source) -> Result<Vec<Self>, ReadError> {
        Document::read_all_with(source, &ReadOptions::new())
    }

    /// Reads all objects of a file with options; see [`read_all`](Self::read_all).
    ///
    /// # Errors
    /// As [`open`](Self::open), for any of the objects.
    pub fn read_all_with(source: Source, options: &ReadOptions) -> Result<Vec<Self>, ReadError> {
        container::read_all(source, options)
    }
}
