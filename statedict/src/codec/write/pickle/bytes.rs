//! The bytes of a pickle: kept, or made again when they are needed.

use crate::codec::write::error::WriteError;

/// Up to how many bytes are kept rather than made again.
const KEPT: usize = 1 << 20;

/// Takes a pickle piece by piece.
pub(in crate::codec::write) type PickleSink<'s> = dyn FnMut(&[u8]) -> Result<(), WriteError> + 's;

/// A pickle of which the length is known.
pub(in crate::codec::write) struct Pickle<'p> {
    len: u64,
    bytes: Bytes<'p>,
}

/// Hands a pickle over.
type Make<'p> = dyn Fn(&mut PickleSink<'_>) -> Result<(), WriteError> + 'p;

enum Bytes<'p> {
    Kept(Vec<u8>),
    Made(Box<Make<'p>>),
}

impl<'p> Pickle<'p> {
    pub(in crate::codec::write) fn kept(bytes: Vec<u8>) -> Self {
        Pickle { len: bytes.len() as u64, bytes: Bytes::Kept(bytes) }
    }

    /// The pickle that `make` hands over, the same each time. Of many small tensors it is as large as
    /// their bytes: making it twice takes less time than memory for it would, and that memory besides.
    pub(in crate::codec::write) fn made(
        make: impl Fn(&mut PickleSink<'_>) -> Result<(), WriteError> + 'p,
    ) -> Result<Self, WriteError> {
        let (mut len, mut kept) = (0u64, Vec::new());
        make(&mut |piece| {
            len += piece.len() as u64;
            if len <= KEPT as u64 {
                kept.extend_from_slice(piece);
            }
            Ok(())
        })?;
        let bytes =
            if len <= KEPT as u64 { Bytes::Kept(kept) } else { Bytes::Made(Box::new(make)) };
        Ok(Pickle { len, bytes })
    }

    pub(in crate::codec::write) fn len(&self) -> u64 {
        self.len
    }

    /// Hands all bytes over.
    pub(in crate::codec::write) fn stream(
        &self,
        sink: &mut PickleSink<'_>,
    ) -> Result<(), WriteError> {
        match &self.bytes {
            Bytes::Kept(bytes) => sink(bytes),
            Bytes::Made(make) => make(sink),
        }
    }
}
