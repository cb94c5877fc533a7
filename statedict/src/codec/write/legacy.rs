//! The stream of before PyTorch 1.6: five pickles, and the storages one after the other.

use std::io::Write;

use crate::codec::write::chunked_writer::{ChunkedWriter, PIECE};
use crate::codec::write::contents::{self, Contents};
use crate::codec::write::error::WriteError;
use crate::codec::write::pickle::{self, Pickle};

/// A stream of which everything is known but the storages' bytes.
pub(super) struct LegacyStream {
    /// All that precedes the storages.
    head: Vec<u8>,
    /// The storages in the order of their names, which are sorted as text.
    order: Vec<LegacyStorage>,
}

struct LegacyStorage {
    number: usize,
    nbytes: u64,
    numel: u64,
}

impl LegacyStream {
    /// A stream of a value's pickle and its storages, under these names; under their numbers where
    /// there are none.
    pub(super) fn new(
        contents: &dyn Contents,
        pickle: &Pickle<'_>,
        names: &[String],
    ) -> Result<Self, WriteError> {
        if let Some((key, _)) = contents.without_class() {
            // PyTorch would write it.
            return Err(WriteError::Unwritable {
                key: key.to_owned(),
                reason: "has an element type that PyTorch cannot read back from its old format",
            });
        }
        let mut sorted: Vec<(String, LegacyStorage)> = contents
            .sizes()
            .iter()
            .enumerate()
            .map(|(number, &nbytes)| {
                let nbytes = nbytes as u64;
                // Of the size that the first that uses it has.
                let element = contents.first_use(number).map_or(1, |(_, dtype)| dtype.size());
                let numel = nbytes / element.max(1) as u64;
                (pickle::storage_name(names, number), LegacyStorage { number, nbytes, numel })
            })
            .collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let repeated = |pair: &[(String, _)]| matches!(pair, [(a, _), (b, _)] if a == b);
        if sorted.windows(2).any(repeated) || (!names.is_empty() && names.len() < sorted.len()) {
            return Err(WriteError::StorageNames { needed: sorted.len() });
        }
        let (keys, order): (Vec<String>, Vec<LegacyStorage>) = sorted.into_iter().unzip();
        let mut head = pickle::legacy_preamble();
        pickle.stream(&mut |piece| {
            head.extend_from_slice(piece);
            Ok(())
        })?;
        head.extend(pickle::list_of_strings(&keys)?);
        Ok(LegacyStream { head, order })
    }

    /// The size of the whole stream.
    pub(super) fn len(&self) -> u64 {
        let storages: u64 = self.order.iter().map(|storage| 8 + storage.nbytes).sum();
        self.head.len() as u64 + storages
    }

    pub(super) fn write(
        &self,
        contents: &dyn Contents,
        out: &mut dyn Write,
    ) -> Result<(), WriteError> {
        let mut out = ChunkedWriter::new(out);
        out.write(&self.head)?;
        for storage in &self.order {
            out.write(&storage.numel.to_le_bytes())?;
            contents::stream(contents, storage.number, storage.nbytes, |bytes| {
                bytes.chunks(PIECE).try_for_each(|piece| out.write(piece))
            })?;
        }
        out.flush()
    }
}
