//! The storages of a pickle by itself: each is a file within it, as `pickle.dump` writes them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::codec::pickle::{StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;
use crate::dtype::DType;
use crate::tensor::{Storage, StorageError, Storages};
use crate::value::Bytes;

/// A storage, and its dtype.
pub(super) type Found = (Storage<'static>, Option<DType>);

/// Reads the files within a pickle, each with `read`, which must not look for others within them.
pub(super) struct NestedFiles<F> {
    read: F,
    storages: Vec<Storage<'static>>,
}

impl<F> NestedFiles<F> {
    pub(super) fn new(read: F) -> Self {
        NestedFiles { read, storages: Vec::new() }
    }

    /// The storages that were found.
    pub(super) fn into_storages(self) -> Arc<dyn Storages> {
        Arc::new(NestedStorages(self.storages))
    }
}

impl<F: Fn(Source) -> Result<Found, ReadError>> StorageResolver for NestedFiles<F> {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        Err(Box::new(ReadError::Missing { member: format!("data/{}", request.key) }))
    }

    fn nbytes(&self, index: u32) -> usize {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.storages.get(index))
            .map_or(0, Storage::nbytes)
    }

    fn has_nested(&self) -> bool {
        true
    }

    fn nested(&mut self, file: Bytes) -> Result<(u32, Option<DType>), Box<ReadError>> {
        let (storage, dtype) = (self.read)(Source::bytes(Shared(file)))?;
        let index = u32::try_from(self.storages.len()).map_err(|_| ReadError::Limit {
            what: "the pickle".to_owned(),
            limit: "work",
            allowed: u32::MAX.into(),
            needed: u64::from(u32::MAX).saturating_add(1),
        });
        self.storages.push(storage);
        Ok((index?, dtype))
    }
}

/// Bytes that several own.
struct Shared(Bytes);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Storages of several files as those of one.
struct NestedStorages(Vec<Storage<'static>>);

impl NestedStorages {
    fn get(&self, index: u32) -> Result<&Storage<'static>, StorageError> {
        let found = usize::try_from(index).ok().and_then(|index| self.0.get(index));
        found.ok_or(StorageError::Absent)
    }
}

impl Storages for NestedStorages {
    fn nbytes(&self, index: u32) -> usize {
        self.get(index).map_or(0, Storage::nbytes)
    }

    fn location(&self, index: u32) -> &str {
        self.get(index).map_or("cpu", Storage::location)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        self.get(index)?.bytes()
    }

    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.get(index)?.read_at(offset, buffer)
    }

    fn reads_parts(&self, index: u32) -> bool {
        self.get(index).is_ok_and(Storage::reads_parts)
    }

    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.get(index)?.verify()
    }
}
