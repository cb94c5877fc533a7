//! Writing in large pieces.

use std::io::Write;

use crate::codec::write::error::WriteError;

/// The number of bytes that are gathered from small records, or cut from large ones, for one write.
pub(super) const PIECE: usize = 1 << 20;

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
