//! Storages that are ranges of a file, as the formats of before PyTorch 1.6 have them.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::read::in_memory::{FileStorages, Place};
use crate::codec::read::source::Source;
use crate::tensor::{StorageError, Storages};

/// One storage.
#[derive(Debug, Clone, Copy)]
struct Range {
    start: u64,
    nbytes: usize,
    location: u32,
}

/// Storages that are ranges of a file.
pub(super) struct RangeStorages {
    source: Arc<Source>,
    ranges: Vec<Range>,
    locations: Vec<String>,
    by_location: HashMap<String, u32>,
}

impl RangeStorages {
    pub(super) fn new(source: Arc<Source>) -> Self {
        let (locations, by_location) = (Vec::new(), HashMap::new());
        RangeStorages { source, ranges: Vec::new(), locations, by_location }
    }

    /// Adds a storage, and returns its index. Where it starts may be said later.
    pub(super) fn add(&mut self, start: u64, nbytes: usize, location: &str) -> u32 {
        let location = match self.by_location.get(location) {
            Some(&known) => known,
            None => {
                let new = u32::try_from(self.locations.len()).unwrap_or(u32::MAX);
                self.locations.push(location.to_owned());
                self.by_location.insert(location.to_owned(), new);
                new
            }
        };
        let index = u32::try_from(self.ranges.len()).unwrap_or(u32::MAX);
        self.ranges.push(Range { start, nbytes, location });
        index
    }

    fn range(&self, index: u32) -> Option<Range> {
        self.ranges.get(index as usize).copied()
    }

    /// Returns the start of a storage in the file.
    pub(super) fn start(&self, index: u32) -> u64 {
        self.range(index).map_or(0, |range| range.start)
    }

    pub(super) fn set_start(&mut self, index: u32, start: u64) {
        if let Some(range) = self.ranges.get_mut(index as usize) {
            range.start = start;
        }
    }

    fn io(&self, range: Range, source: std::io::Error) -> StorageError {
        StorageError::Io { member: self.label_of(range), source }
    }

    fn label_of(&self, range: Range) -> String {
        format!("{}, storage at byte {}", self.source.name(), range.start)
    }
}

impl FileStorages for RangeStorages {
    fn source(&self) -> &Source {
        &self.source
    }

    fn places(&self) -> Vec<Place> {
        let place = |(index, range): (u32, &Range)| {
            let (at, nbytes) = (range.start, range.nbytes);
            let end = at.saturating_add(nbytes.try_into().unwrap_or(u64::MAX));
            Place { index, at, end, nbytes, is_plain: true }
        };
        (0u32..).zip(&self.ranges).map(place).collect()
    }

    fn label(&self, index: u32) -> String {
        self.range(index).map_or_else(String::new, |range| self.label_of(range))
    }
}

impl Storages for RangeStorages {
    fn nbytes(&self, index: u32) -> usize {
        self.range(index).map_or(0, |range| range.nbytes)
    }

    fn location(&self, index: u32) -> &str {
        let location = self
            .range(index)
            .and_then(|range| self.locations.get(usize::try_from(range.location).ok()?));
        location.map_or("cpu", String::as_str)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let Some(range) = self.range(index) else { return Ok(Cow::Borrowed(&[])) };
        self.source.get(range.start, range.nbytes).map_err(|error| self.io(range, error))
    }

    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        let nbytes = self.nbytes(index);
        let outside = || StorageError::OutOfRange { offset, len: buffer.len(), nbytes };
        let range = self.range(index).ok_or_else(outside)?;
        if offset.checked_add(buffer.len()).is_none_or(|end| end > nbytes) {
            return Err(outside());
        }
        if buffer.is_empty() {
            return Ok(());
        }
        let start = range.start.saturating_add(offset.try_into().unwrap_or(u64::MAX));
        self.source.fill(start, buffer).map_err(|error| self.io(range, error))
    }

    fn reads_parts(&self, _: u32) -> bool {
        true
    }

    fn keep(self: Arc<Self>) -> Option<Arc<dyn Storages>> {
        Some(self)
    }
}
