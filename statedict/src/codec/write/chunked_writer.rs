//! Writing in large pieces, and taking the bytes of storages from their sources.

use std::io::Write;

use crate::codec::write::error::WriteError;
use crate::codec::write::source::{Sink, SourceError};

/// How much is gathered from small records, or cut from large ones, for one write.
pub(super) const PIECE: usize = 1 << 20;

/// The contents of the storages.
pub(super) trait Contents {
    /// Hands the content of a storage over.
    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError>;

    /// What to call the storage in an error.
    fn name(&self, storage: usize) -> &str;
}

/// Passes the content of a storage to `write`; an error unless it has `size` bytes.
pub(super) fn stream(
    contents: &dyn Contents,
    storage: usize,
    size: u64,
    mut write: impl FnMut(&[u8]) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let mut len = 0u64;
    // The writer's own failure, which the source only passes on.
    let mut failure = None;
    let wrong_length = |found| WriteError::SourceLength {
        key: contents.name(storage).to_owned(),
        expected: size,
        found,
    };
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
    streamed.map_err(|error| WriteError::source_of(contents.name(storage), error))?;
    if len == size { Ok(()) } else { Err(wrong_length(len)) }
}

/// A writer that gathers small pieces and passes large ones on.
pub(super) struct ChunkedWriter<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
}

impl<'w> ChunkedWriter<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        // A piece, and the header that comes after it.
        ChunkedWriter { out, buffer: Vec::with_capacity(PIECE + (1 << 17)) }
    }

    /// The buffer, with room for something small.
    #[inline]
    pub(super) fn room(&mut self) -> Result<&mut Vec<u8>, WriteError> {
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(&mut self.buffer)
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.buffer.len() + bytes.len() > PIECE {
            self.flush()?;
        }
        if bytes.len() >= PIECE {
            self.out.write_all(bytes).map_err(WriteError::io("write the file"))
        } else {
            self.buffer.extend_from_slice(bytes);
            Ok(())
        }
    }

    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.out.write_all(&self.buffer).map_err(WriteError::io("write the file"))?;
        self.buffer.clear();
        Ok(())
    }
}
