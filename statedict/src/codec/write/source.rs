//! How the bytes of a storage are handed over when it is written.

use std::error::Error;

/// Why a source gave no bytes. Any error will do; it becomes the cause of
/// [`WriteError::Source`](crate::codec::write::WriteError::Source).
pub(crate) type SourceError = Box<dyn Error + Send + Sync>;

/// Takes the bytes of a source piece by piece. Where it fails, the source gives up and returns the
/// error (or any other: the writer reports its own).
pub(crate) type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), SourceError> + 's;
