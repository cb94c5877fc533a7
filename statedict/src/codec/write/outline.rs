//! What is to be written, before it has become bytes.

use std::borrow::Cow;

use crate::codec::write::error::WriteError;
use crate::codec::write::gathered::Contents;
use crate::codec::write::source::{Sink, Source, SourceError};
use crate::dtype::DType;
use crate::metadata::Metadata;
use crate::tensor::{Shape, Strides};

/// A state dict as it will be written: its entries in order, the distinct storages they are views
/// of, and `_metadata` if it has one.
///
/// To make one, go through the entries in order. For each, add its storage with
/// [`storage`](Self::storage) unless an earlier entry has added the same one, then add the entry with
/// [`entry`](Self::entry). Storages are thereby numbered by their first use, as PyTorch numbers them.
pub(crate) struct Outline<'a, S> {
    entries: Vec<Entry<'a>>,
    storages: Vec<OutlineStorage<'a, S>>,
    metadata: Option<&'a Metadata>,
}

/// One key of a state dict and the tensor under it.
pub(crate) struct Entry<'a> {
    /// The key.
    pub(crate) key: Cow<'a, str>,
    /// The element type.
    pub(crate) dtype: DType,
    /// The size along each dimension.
    pub(crate) shape: Shape,
    /// The step along each dimension in elements; `None` for row-major.
    pub(crate) strides: Option<Strides>,
    /// Where the first element is in the storage, in elements.
    pub(crate) offset: usize,
    /// Whether the tensor asks for gradients; a `state_dict()` has detached tensors, which do not.
    pub(crate) requires_grad: bool,
    /// Whether the elements are the conjugates of what the storage holds.
    pub(crate) conj: bool,
    /// Whether the elements are the negatives of what the storage holds.
    pub(crate) neg: bool,
    /// The storage: a number that [`Outline::storage`] gave.
    pub(crate) storage: usize,
}

impl<'a> Entry<'a> {
    /// A row-major tensor that begins where its storage begins, as nearly all do.
    pub(crate) fn row_major(
        key: impl Into<Cow<'a, str>>,
        dtype: DType,
        shape: Shape,
        storage: usize,
    ) -> Self {
        Entry {
            key: key.into(),
            dtype,
            shape,
            strides: None,
            offset: 0,
            requires_grad: false,
            conj: false,
            neg: false,
            storage,
        }
    }
}

/// The number of the storage of a tensor of the device `meta`, which has none.
pub(super) const NO_STORAGE: usize = usize::MAX;

struct OutlineStorage<'a, S> {
    location: Cow<'a, str>,
    source: S,
    /// The first entry that uses it.
    first: Option<usize>,
}

impl<'a, S: Source> Outline<'a, S> {
    /// An outline without entries, with room for as many.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Outline {
            entries: Vec::with_capacity(entries),
            storages: Vec::with_capacity(entries),
            metadata: None,
        }
    }

    /// Adds a storage and returns its number. `location` is its location tag, such as `"cpu"`.
    pub(crate) fn storage(&mut self, location: impl Into<Cow<'a, str>>, source: S) -> usize {
        self.storages.push(OutlineStorage { location: location.into(), source, first: None });
        self.storages.len() - 1
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(crate) fn entry(&mut self, entry: Entry<'a>) -> Result<(), WriteError> {
        if entry.dtype.is_quantized() {
            let key = entry.key.into_owned();
            return Err(WriteError::Quantized { key, dtype: entry.dtype });
        }
        self.bare_storage(entry)
    }

    /// Adds the use of a storage that stands by itself, or that belongs to a tensor of another kind: only
    /// the key, the element type and the storage of `entry` count.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(super) fn bare_storage(&mut self, entry: Entry<'a>) -> Result<(), WriteError> {
        let key = || entry.key.clone().into_owned();
        if u32::try_from(entry.key.len()).is_err() {
            return Err(WriteError::TooLarge { what: "a key is" });
        }
        if let Some(storage) = self.storages.get_mut(entry.storage) {
            if storage.location == "meta" {
                return Err(WriteError::Meta { key: key() });
            }
            let nbytes = storage.source.nbytes();
            if !nbytes.is_multiple_of(entry.dtype.size()) {
                return Err(WriteError::PartialElement { key: key(), dtype: entry.dtype, nbytes });
            }
            match storage.first.and_then(|first| self.entries.get(first)) {
                // PyTorch does not look at storages without memory.
                Some(first) if nbytes > 0 && stored_as(first.dtype) != stored_as(entry.dtype) => {
                    return Err(WriteError::SharedAsDifferentTypes {
                        first: first.key.clone().into_owned(),
                        first_dtype: first.dtype,
                        second: key(),
                        second_dtype: entry.dtype,
                    });
                }
                Some(_) => {}
                None => storage.first = Some(self.entries.len()),
            }
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Sets `_metadata`.
    pub(crate) fn set_metadata(&mut self, metadata: Option<&'a Metadata>) {
        self.metadata = metadata;
    }

    pub(super) fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    pub(super) fn metadata(&self) -> Option<&'a Metadata> {
        self.metadata
    }

    /// The sources of the storages' bytes, in order.
    pub(super) fn storages(&self) -> impl ExactSizeIterator<Item = &S> {
        self.storages.iter().map(|storage| &storage.source)
    }

    /// The size of a storage in bytes and its location tag.
    pub(super) fn storage_facts(&self, storage: usize) -> (usize, &str) {
        self.storages
            .get(storage)
            .map_or((0, "cpu"), |storage| (storage.source.nbytes(), &storage.location))
    }

    /// Refuses what PyTorch 1.13 cannot load.
    pub(super) fn check_for_torch_1_13(&self) -> Result<(), WriteError> {
        match self.entries.iter().find(|entry| entry.dtype.storage_class().is_none()) {
            Some(entry) => Err(WriteError::DTypeTooNew {
                key: entry.key.clone().into_owned(),
                dtype: entry.dtype,
            }),
            None => Ok(()),
        }
    }
}

impl<S> Outline<'_, S> {
    /// Refuses what PyTorch cannot read back from the stream of before 1.6, though it would write it.
    pub(super) fn check_for_legacy(&self) -> Result<(), WriteError> {
        match self.entries.iter().find(|entry| entry.dtype.storage_class().is_none()) {
            Some(entry) => Err(WriteError::Unwritable {
                key: entry.key.clone().into_owned(),
                reason: "has an element type that PyTorch cannot read back from its old format",
            }),
            None => Ok(()),
        }
    }

    /// The size of an element of a storage, as the first that uses it has them.
    pub(super) fn element_size(&self, storage: usize) -> usize {
        let first = self.storages.get(storage).and_then(|storage| storage.first);
        first.and_then(|first| self.entries.get(first)).map_or(1, |entry| entry.dtype.size())
    }
}

/// The element type PyTorch gives the storage of a tensor: the younger types are stored untyped,
/// which counts as `uint8`.
fn stored_as(dtype: DType) -> DType {
    if dtype.storage_class().is_some() { dtype } else { DType::U8 }
}

impl<S: Source> Contents for Outline<'_, S> {
    fn stream(&self, storage: usize, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        match self.storages.get(storage) {
            Some(storage) => storage.source.stream(sink),
            None => Ok(()),
        }
    }

    fn name(&self, storage: usize) -> &str {
        self.storages
            .get(storage)
            .and_then(|storage| self.entries.get(storage.first?))
            .map_or("", |entry| &entry.key)
    }
}
