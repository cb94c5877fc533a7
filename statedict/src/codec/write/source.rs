//! Where the bytes of a storage come from when it is written.

use std::error::Error;

/// Why a source gave no bytes. Any error will do; it becomes the cause of
/// [`WriteError::Source`](crate::codec::write::WriteError::Source).
pub(crate) type SourceError = Box<dyn Error + Send + Sync>;

/// Takes the bytes of a source piece by piece. Where it fails, the source gives up and returns the
/// error (or any other: the writer reports its own).
pub(crate) type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), SourceError> + 's;

/// The bytes of one storage.
///
/// There is no second method that lends all bytes at once, for writing several storages in parallel:
/// measured, a second thread does not make writing a file faster (the kernel serialises writes
/// to one file, and the checksum runs at many times the speed of the write). A source whose bytes
/// are in memory hands them over in one piece, without a copy.
pub(crate) trait Source {
    /// How many bytes [`stream`](Self::stream) hands over. Must not change while the source is in use.
    fn nbytes(&self) -> usize;

    /// Hands all bytes, little-endian, to `sink` in one or several consecutive pieces.
    ///
    /// # Errors
    /// The sink's, or the source's own where it cannot give the bytes.
    fn stream(&self, sink: &mut Sink<'_>) -> Result<(), SourceError>;
}
