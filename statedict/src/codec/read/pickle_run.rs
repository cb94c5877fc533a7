//! Pickles that follow each other in a file, as the formats of before PyTorch 1.6 have them.

use std::sync::Arc;

use crate::codec::pickle::{self, Decoded, Extent, PickleOptions, Unknown};
use crate::codec::read::error::ReadError;
use crate::codec::read::limits::Limits;
use crate::codec::read::no_storages::NoStorages;
use crate::codec::read::source::Source;
use crate::value::{Bytes, Graph, Kind, Value};

/// How many bytes are looked at first where the file is not in memory.
const FIRST: u64 = 512;

/// A place in a file at which pickles and other data follow each other.
pub(super) struct PickleRun<'s> {
    source: &'s Source,
    /// Its name in messages.
    label: String,
    position: u64,
    end: u64,
    limit: u64,
}

impl<'s> PickleRun<'s> {
    pub(super) fn new(
        source: &'s Source,
        label: String,
        (position, end): (u64, u64),
        limits: &Limits,
    ) -> Self {
        let limit = limits.for_file(source.len()).pickle_bytes;
        PickleRun { source, label, position, end, limit }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the name of the place in messages.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// The error of something that is not as it should be at the current place.
    pub(super) fn damaged(&self, expected: &'static str, found: impl Into<String>) -> ReadError {
        let (part, offset) = (self.label.clone(), self.position);
        ReadError::Damaged { part, offset, expected: expected.into(), found: found.into() }
    }

    /// The bytes of the next pickle, with its STOP.
    fn next_pickle(&mut self) -> Result<Vec<u8>, ReadError> {
        let rest = self.end.saturating_sub(self.position);
        let whole = usize::try_from(rest).unwrap_or(usize::MAX);
        if let Some(bytes) = self.source.slice(self.position, whole) {
            let len = match pickle::extent(bytes) {
                Extent::Ends(len) | Extent::Malformed(len) => len,
                Extent::CutShort => whole,
            };
            self.check(len)?;
            self.position = self.position.saturating_add(len.try_into().unwrap_or(u64::MAX));
            return Ok(bytes.get(..len).unwrap_or(bytes).to_vec());
        }
        let mut size = FIRST.min(rest);
        loop {
            let len = usize::try_from(size).unwrap_or(usize::MAX);
            self.check(len)?;
            let mut bytes = self
                .source
                .read_vec(self.position, len)
                .map_err(|error| self.source.failed(error))?;
            let len = match pickle::extent(&bytes) {
                Extent::Ends(len) | Extent::Malformed(len) => len,
                Extent::CutShort if size == rest => len,
                Extent::CutShort => {
                    size = size.saturating_mul(8).min(rest);
                    continue;
                }
            };
            bytes.truncate(len);
            bytes.shrink_to_fit();
            self.position = self.position.saturating_add(len.try_into().unwrap_or(u64::MAX));
            return Ok(bytes);
        }
    }

    fn check(&self, len: usize) -> Result<(), ReadError> {
        let needed = u64::try_from(len).unwrap_or(u64::MAX);
        // Some room, since what is read at first may be more than the pickle.
        if needed > self.limit.max(FIRST) {
            return Err(ReadError::Limit {
                what: format!("the pickle at byte {} of {}", self.position, self.label),
                limit: "pickle_bytes",
                allowed: self.limit,
                needed,
            });
        }
        Ok(())
    }

    /// The next pickle, and what messages call it.
    pub(super) fn next(&mut self) -> Result<(String, Bytes), ReadError> {
        let label = format!("{}, pickle at byte {}", self.label, self.position);
        Ok((label, Arc::new(self.next_pickle()?)))
    }

    /// The next pickle, which holds plain values.
    pub(super) fn plain(&mut self, limits: &Limits) -> Result<Graph<'static>, ReadError> {
        let (label, pickle) = self.next()?;
        let options =
            PickleOptions { limits, unknown: Unknown::Refused, plain: false, program: false };
        let Decoded { mut graph, root, .. } =
            pickle::decode(&pickle, &label, &options, &mut NoStorages)?;
        graph.finish(root, Arc::new(NoStorages));
        Ok(graph)
    }

    /// The next pickle, which holds a number of things that follow.
    pub(super) fn count(&mut self, limits: &Limits) -> Result<u64, ReadError> {
        let graph = self.plain(limits)?;
        let count = graph.root().as_i64().and_then(|count| u64::try_from(count).ok());
        count.ok_or_else(|| self.damaged("a number", format!("{:?}", graph.root())))
    }

    /// The next `len` bytes, as little-endian numbers of eight bytes.
    pub(super) fn numbers(&mut self, count: usize) -> Result<Vec<i64>, ReadError> {
        let bytes = self.take(count.saturating_mul(8))?;
        let (numbers, _) = bytes.as_chunks::<8>();
        Ok(numbers.iter().map(|&number| i64::from_le_bytes(number)).collect())
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<Vec<u8>, ReadError> {
        let start = self.position;
        self.pass(len.try_into().unwrap_or(u64::MAX))?;
        self.source.read_vec(start, len).map_err(|error| self.source.failed(error))
    }

    /// Passes over `len` bytes, which must be there.
    pub(super) fn pass(&mut self, len: u64) -> Result<(), ReadError> {
        let left = self.end.saturating_sub(self.position);
        if len > left {
            let expected = "as many bytes as the file says";
            return Err(self.damaged(expected, format!("{left} of {len}")));
        }
        self.position = self.position.saturating_add(len);
        Ok(())
    }
}

/// The number under which something was saved: an int, or its decimal text.
pub(super) fn number(value: Value<'_>) -> Option<i64> {
    match value.kind() {
        Kind::Str(text) => text.parse().ok(),
        _ => value.as_i64(),
    }
}
