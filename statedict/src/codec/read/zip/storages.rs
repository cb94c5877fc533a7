//! The storages of an archive: all of them in one set, told apart by their member's index.

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::{StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::codec::read::in_memory::{FileStorages, Place, swap};
use crate::codec::read::kind::ByteOrder;
use crate::codec::read::limits::FileLimits;
use crate::codec::read::source::Source;
use crate::codec::read::zip::directory::{Method, Record, STORAGES};
use crate::codec::read::zip::inflate::inflate_part;
use crate::codec::read::zip::member::{Archive, LOCAL_HEADER};
use crate::dtype::DType;
use crate::tensor::{StorageError, Storages};

/// The pickle's statement about a storage.
#[derive(Clone, Copy, Default)]
struct Use {
    /// The index of its location, plus one; 0 for a storage that is not used.
    location: u32,
    /// The width in bytes of what must be swapped; 0 or 1 for nothing.
    swap: u8,
}

/// The storages of an archive.
pub(in crate::codec::read) struct ArchiveStorages {
    archive: Archive,
    uses: Vec<Use>,
    locations: Vec<String>,
}

impl Storages for ArchiveStorages {
    fn nbytes(&self, index: u32) -> usize {
        // Each storage in use was found to fit when it was resolved.
        let record = self.archive.directory.record(index);
        record.and_then(|record| usize::try_from(record.size).ok()).unwrap_or(0)
    }

    fn location(&self, index: u32) -> &str {
        self.uses
            .get(index as usize)
            .and_then(|used| self.locations.get((used.location as usize).checked_sub(1)?))
            .map_or("cpu", String::as_str)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let bytes = self.archive.bytes(index)?;
        Ok(match self.swap(index) {
            0 | 1 => bytes,
            width => {
                let mut bytes = bytes.into_owned();
                swap(&mut bytes, width);
                Cow::Owned(bytes)
            }
        })
    }

    /// A compressed storage is expanded from its beginning.
    fn reads_parts(&self, index: u32) -> bool {
        let record = self.archive.directory.record(index);
        record.is_some_and(|record| record.method == Method::Stored)
    }

    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        let record = self.archive.record(index)?;
        let size = self.archive.size(index, record)?;
        let end = offset.checked_add(buffer.len());
        let outside = || StorageError::OutOfRange { offset, len: buffer.len(), nbytes: size };
        if end.is_none_or(|end| end > size) {
            return Err(outside());
        }
        if buffer.is_empty() {
            return Ok(());
        }
        let width = self.swap(index).max(1);
        let is_whole = offset.is_multiple_of(width)
            && (buffer.len().is_multiple_of(width) || end == Some(size));
        if !is_whole {
            // Some of an element: of no view that the file itself has.
            let bytes = self.bytes(index)?;
            let part = end.and_then(|end| bytes.get(offset..end)).ok_or_else(outside)?;
            buffer.copy_from_slice(part);
            return Ok(());
        }
        if record.method == Method::Stored {
            self.fill(index, record, offset, buffer)?;
        } else {
            let compressed = self.archive.compressed(index, record)?;
            inflate_part(&compressed, size, offset, buffer)
                .map_err(|reason| self.archive.not_deflated(index, reason))?;
        }
        swap(buffer, width);
        Ok(())
    }

    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.archive.verify(index)
    }

    fn keep(self: Arc<Self>) -> Option<Arc<dyn Storages>> {
        Some(self)
    }
}

impl ArchiveStorages {
    /// Fills `buffer` with the bytes of a storage from `offset` on, as they are in the file.
    fn fill(
        &self,
        index: u32,
        record: Record,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), StorageError> {
        let start = self.archive.payload(index, record)?;
        let start = start.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX));
        let member = || self.archive.label(index);
        self.archive
            .source
            .fill(start, buffer)
            .map_err(|source| StorageError::Io { member: member(), source })
    }

    /// The width of what must be swapped.
    fn swap(&self, index: u32) -> usize {
        self.uses.get(index as usize).map_or(0, |used| used.swap.into())
    }
}

impl FileStorages for ArchiveStorages {
    fn source(&self) -> &Source {
        &self.archive.source
    }

    fn places(&self) -> Vec<Place> {
        let used = (0u32..).zip(&self.uses).filter(|(_, used)| used.location > 0);
        used.filter_map(|(index, _)| {
            let record = self.archive.directory.record(index)?;
            let nbytes = usize::try_from(record.size).ok()?;
            let is_plain = record.method == Method::Stored;
            Some(Place { index, at: record.header, end: record.limit, nbytes, is_plain })
        })
        .collect()
    }

    fn header_len(&self) -> usize {
        LOCAL_HEADER
    }

    fn start(&self, place: &Place, head: &[u8]) -> Result<usize, StorageError> {
        let record = self.archive.record(place.index)?;
        let within = self.archive.payload_within(place.index, record, head)?;
        // Two lengths of 16 bits and a constant.
        Ok(usize::try_from(within).unwrap_or(usize::MAX))
    }

    fn checksum(&self, index: u32) -> Option<u32> {
        self.archive.directory.record(index).map(|record| record.crc).filter(|&crc| crc != 0)
    }

    fn swapped(&self, index: u32) -> usize {
        self.swap(index)
    }

    fn label(&self, index: u32) -> String {
        self.archive.label(index)
    }
}

/// Finds the storages that a pickle refers to in its archive.
pub(in crate::codec::read) struct ArchiveResolver {
    storages: ArchiveStorages,
    by_location: HashMap<String, u32>,
    /// The folder of the storages within the archive's.
    folder: &'static str,
    byte_order: ByteOrder,
    limits: FileLimits,
}

impl ArchiveResolver {
    pub(in crate::codec::read) fn new(
        archive: Archive,
        byte_order: ByteOrder,
        limits: FileLimits,
    ) -> Self {
        let uses = vec![Use::default(); archive.directory.len()];
        let storages = ArchiveStorages { archive, uses, locations: Vec::new() };
        ArchiveResolver {
            storages,
            by_location: HashMap::new(),
            folder: STORAGES,
            byte_order,
            limits,
        }
    }

    /// Looks for the storages that follow in another folder than `data`.
    pub(in crate::codec::read) fn look_in(&mut self, folder: &'static str) {
        self.folder = folder;
    }

    /// The size in bytes of the storage with that key, where there is one.
    #[cfg(feature = "safetensors")]
    pub(in crate::codec::read) fn size_of(&self, key: &str) -> Option<u64> {
        let directory = &self.storages.archive.directory;
        directory.record(directory.find_storage(self.folder, key)?).map(|record| record.size)
    }

    pub(in crate::codec::read) fn archive(&self) -> &Archive {
        &self.storages.archive
    }

    pub(in crate::codec::read) fn into_storages(self) -> ArchiveStorages {
        self.storages
    }

    /// The number of a location, from 1.
    fn location(&mut self, location: &str) -> u32 {
        // Nearly always that of the storage before.
        if let Some(last) = self.storages.locations.last()
            && last == location
        {
            return u32::try_from(self.storages.locations.len()).unwrap_or(u32::MAX);
        }
        if let Some(&number) = self.by_location.get(location) {
            return number;
        }
        self.storages.locations.push(location.to_owned());
        let number = u32::try_from(self.storages.locations.len()).unwrap_or(u32::MAX);
        self.by_location.insert(location.to_owned(), number);
        number
    }
}

impl StorageResolver for ArchiveResolver {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        let archive = &self.storages.archive;
        let index = archive.directory.find_storage(self.folder, request.key).ok_or_else(|| {
            let (root, folder) = (archive.directory.root(), self.folder);
            let member = format!("{root}/{folder}/{}", request.key);
            Box::new(ReadError::Missing { member })
        })?;
        let record = archive.record(index).map_err(|error| Box::new(error.into()))?;
        archive.check_supported(index, record)?;
        if record.size != request.nbytes {
            return Err(Box::new(ReadError::StorageSize {
                member: archive.directory.name(index),
                expected: request.nbytes,
                found: record.size,
            }));
        }
        let inflated = record.method != Method::Stored && record.size > self.limits.inflated_bytes;
        if inflated || usize::try_from(record.size).is_err() {
            return Err(Box::new(ReadError::Limit {
                what: format!("`{}`", archive.directory.name(index)),
                limit: "inflated_bytes",
                allowed: self.limits.inflated_bytes,
                needed: record.size,
            }));
        }
        let width = request.dtype.map_or(1, DType::scalar_size);
        let swap = match self.byte_order {
            ByteOrder::Big => u8::try_from(width).unwrap_or(1),
            ByteOrder::Little => 1,
        };
        let location = self.location(request.location);
        let Some(used) = self.storages.uses.get_mut(index as usize) else {
            return Ok(index);
        };
        if used.location == 0 {
            *used = Use { location, swap };
        } else if used.location != location || used.swap != swap {
            let storages = &self.storages;
            return Err(Box::new(ReadError::StorageConflict {
                member: storages.archive.directory.name(index),
                expected: format!("on {}", storages.location(index)),
                found: format!("on {}, in elements of {width} bytes", request.location),
            }));
        }
        Ok(index)
    }

    fn nbytes(&self, index: u32) -> usize {
        self.storages.nbytes(index)
    }
}
