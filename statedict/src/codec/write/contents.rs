//! The storages of a file that is written.

use crate::codec::write::error::WriteError;
use crate::codec::write::source::{Sink, SourceError};
use crate::dtype::DType;

/// The storages of a file, numbered by their first use, as PyTorch numbers them.
///
/// No method lends all bytes at once, for writing several storages in parallel: measured, a second thread
/// does not make writing a file faster (the kernel serialises writes to one file, and the checksum runs at
/// many times the speed of the write). What is in memory is handed over in one piece, without a copy.
pub(super) trait Contents {
    /// Returns the sizes of the storages in bytes, in order.
    fn sizes(&self) -> &[usize];

    /// Returns the key and the dtype of the first tensor of a storage.
    fn first_use(&self, storage: usize) -> Option<(&str, DType)>;

    /// Returns the first tensor in a storage of a dtype that has no class of storages, which older formats lack.
    fn without_class(&self) -> Option<(&str, DType)>;

    /// Hands all bytes of a storage, little-endian, to `sink` in one or several consecutive pieces.
    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError>;
}

/// Passes the content of a storage to `write`; an error unless it has `size` bytes.
pub(super) fn stream(
    contents: &dyn Contents,
    storage: usize,
    size: u64,
    mut write: impl FnMut(&[u8]) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let key = || contents.first_use(storage).map_or("", |(key, _)| key);
    let mut len = 0u64;
    // The writer's own failure, which the source only passes on.
    let mut failure = None;
    let wrong_length =
        |found| WriteError::SourceLength { key: key().to_owned(), expected: size, found };
    let streamed = contents.stream(storage, &mut |piece| {
        len += piece.len() as u64;
        let written = if len > size { Err(wrong_length(len)) } else { write(piece) };
        written.map_err(|error| {
            failure = Some(error);
            SourceError::from("the file could not be written")
        })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    streamed.map_err(|error| WriteError::source_of(key(), error))?;
    if len == size { Ok(()) } else { Err(wrong_length(len)) }
}
