//! The storages of a stream: what the pickle says of them, and where they turn out to be.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::{Slice, StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory::FileStorages;
use crate::codec::read::pickle_run::PickleRun;
use crate::codec::read::ranges::RangeStorages;
use crate::codec::read::source::Source;
use crate::dtype::DType;
use crate::tensor::Storages;

/// A storage with a key of its own.
struct Root {
    index: u32,
    /// The size of an element: the size of the storage is written as a number of elements.
    element: usize,
    placed: bool,
}

/// A part of a storage that is a storage of its own.
struct Part {
    root: u32,
    offset: u64,
    index: u32,
}

/// Finds the storages that the pickle of a stream refers to.
pub(super) struct StreamResolver {
    storages: RangeStorages,
    roots: HashMap<String, Root>,
    parts: HashMap<String, Part>,
}

impl StreamResolver {
    pub(super) fn new(source: Arc<Source>) -> Self {
        let storages = RangeStorages::new(source);
        StreamResolver { storages, roots: HashMap::new(), parts: HashMap::new() }
    }

    fn root(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        let file_len = self.storages.source().len();
        let nbytes = usize::try_from(request.nbytes).unwrap_or(usize::MAX);
        if request.nbytes > file_len || nbytes == usize::MAX {
            return Err(Box::new(ReadError::StorageSize {
                member: format!("storage {}", request.key),
                expected: request.nbytes,
                found: file_len,
            }));
        }
        if let Some(known) = self.roots.get(request.key) {
            let index = known.index;
            if self.storages.nbytes(index) != nbytes
                || self.storages.location(index) != request.location
            {
                let words = |nbytes, location| format!("{nbytes} bytes on {location}");
                return Err(Box::new(ReadError::StorageConflict {
                    member: format!("storage {}", request.key),
                    expected: words(self.storages.nbytes(index), self.storages.location(index)),
                    found: words(nbytes, request.location),
                }));
            }
            return Ok(index);
        }
        let index = self.storages.add(0, nbytes, request.location);
        let element = request.dtype.map_or(1, DType::size);
        self.roots.insert(request.key.to_owned(), Root { index, element, placed: false });
        Ok(index)
    }

    fn part(
        &mut self,
        root: u32,
        slice: &Slice<'_>,
        location: &str,
    ) -> Result<u32, Box<ReadError>> {
        let whole = u64::try_from(self.storages.nbytes(root)).unwrap_or(u64::MAX);
        let member = || format!("view {}", slice.key);
        if slice.offset.checked_add(slice.nbytes).is_none_or(|end| end > whole) {
            let expected = slice.offset.saturating_add(slice.nbytes);
            let found = whole;
            return Err(Box::new(ReadError::StorageSize { member: member(), expected, found }));
        }
        // No more than the storage, whose size was checked.
        let nbytes = usize::try_from(slice.nbytes).unwrap_or(usize::MAX);
        if let Some(known) = self.parts.get(slice.key) {
            if known.root != root
                || known.offset != slice.offset
                || self.storages.nbytes(known.index) != nbytes
            {
                let words = |nbytes, offset| format!("{nbytes} bytes at {offset}");
                return Err(Box::new(ReadError::StorageConflict {
                    member: member(),
                    expected: words(self.storages.nbytes(known.index), known.offset),
                    found: words(nbytes, slice.offset),
                }));
            }
            return Ok(known.index);
        }
        let index = self.storages.add(0, nbytes, location);
        self.parts.insert(slice.key.to_owned(), Part { root, offset: slice.offset, index });
        Ok(index)
    }

    /// Finds a storage at the current place of the file.
    pub(super) fn place(&mut self, key: &str, run: &mut PickleRun<'_>) -> Result<(), ReadError> {
        let Some(root) = self.roots.get_mut(key) else {
            let expected = "storages that the pickle refers to";
            return Err(run.damaged(expected, format!("storage {key}, which it does not")));
        };
        let claimed = u64::try_from(self.storages.nbytes(root.index)).unwrap_or(u64::MAX);
        let numel = run.numbers(1)?.first().and_then(|&numel| u64::try_from(numel).ok());
        let element = u64::try_from(root.element).unwrap_or(1);
        let found = numel.and_then(|numel| numel.checked_mul(element)).unwrap_or(u64::MAX);
        if found != claimed {
            let member = format!("storage {key}");
            return Err(ReadError::StorageSize { member, expected: claimed, found });
        }
        self.storages.set_start(root.index, run.position());
        root.placed = true;
        run.pass(claimed)
    }

    /// The storages, all of which must have been found.
    pub(super) fn into_storages(mut self, run: &PickleRun<'_>) -> Result<RangeStorages, ReadError> {
        if let Some((key, _)) = self.roots.iter().find(|(_, root)| !root.placed) {
            let member = format!("{}: storage {key}", run.label());
            return Err(ReadError::Missing { member });
        }
        for part in self.parts.values() {
            let start = self.storages.start(part.root).saturating_add(part.offset);
            self.storages.set_start(part.index, start);
        }
        Ok(self.storages)
    }
}

impl StorageResolver for StreamResolver {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        let root = self.root(request)?;
        match &request.slice {
            None => Ok(root),
            Some(slice) => self.part(root, slice, request.location),
        }
    }

    fn nbytes(&self, index: u32) -> usize {
        self.storages.nbytes(index)
    }

    fn old_ids(&self) -> bool {
        true
    }
}
