//! What is to be written, before it has become bytes.

use std::borrow::Cow;

use crate::codec::write::chunked_writer::Contents;
use crate::codec::write::error::WriteError;
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
    /// The sizes of the storages in bytes.
    sizes: Vec<usize>,
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

/// An outline as writing uses it.
pub(super) trait Outlined: Contents {
    /// What is under each key, in order.
    fn entries(&self) -> impl ExactSizeIterator<Item = Facts<'_>>;

    /// The sizes of the storages in bytes, in order.
    fn sizes(&self) -> &[usize];

    fn metadata(&self) -> Option<&Metadata>;

    /// The first entry that uses a storage.
    fn first_use(&self, storage: usize) -> Option<Facts<'_>>;

    /// Refuses what PyTorch 1.13 cannot load.
    fn check_for_torch_1_13(&self) -> Result<(), WriteError> {
        match self.entries().find(|entry| entry.dtype.storage_class().is_none()) {
            Some(entry) => {
                Err(WriteError::DTypeTooNew { key: entry.key.to_owned(), dtype: entry.dtype })
            }
            None => Ok(()),
        }
    }

    /// Refuses what PyTorch cannot read back from the stream of before 1.6, though it would write it.
    fn check_for_legacy(&self) -> Result<(), WriteError> {
        match self.entries().find(|entry| entry.dtype.storage_class().is_none()) {
            Some(entry) => Err(WriteError::Unwritable {
                key: entry.key.to_owned(),
                reason: "has an element type that PyTorch cannot read back from its old format",
            }),
            None => Ok(()),
        }
    }
}

/// What a file says of one tensor.
#[derive(Clone, Copy)]
pub(super) struct Facts<'e> {
    pub(super) key: &'e str,
    pub(super) dtype: DType,
    pub(super) shape: &'e Shape,
    /// The step along each dimension in elements; `None` for row-major.
    pub(super) strides: Option<&'e Strides>,
    /// Where the first element is in the storage, in elements.
    pub(super) offset: usize,
    pub(super) requires_grad: bool,
    pub(super) conj: bool,
    pub(super) neg: bool,
    /// The number of the storage.
    pub(super) storage: usize,
    /// The size of the storage in bytes.
    pub(super) nbytes: usize,
    /// The location tag of the storage.
    pub(super) location: &'e str,
}

impl Facts<'_> {
    /// Refuses what PyTorch's format cannot hold. `first` is the first entry that uses the same storage,
    /// where it is another one.
    pub(super) fn check(&self, first: Option<&Facts<'_>>) -> Result<(), WriteError> {
        if self.dtype.is_quantized() {
            return Err(WriteError::Quantized { key: self.key.to_owned(), dtype: self.dtype });
        }
        self.check_bare(first)
    }

    /// The same for the use of a storage that stands by itself.
    fn check_bare(&self, first: Option<&Facts<'_>>) -> Result<(), WriteError> {
        let &Facts { dtype, nbytes, .. } = self;
        let key = || self.key.to_owned();
        if u32::try_from(self.key.len()).is_err() {
            return Err(WriteError::TooLarge { what: "a key is" });
        }
        if self.storage == NO_STORAGE {
            return Ok(());
        }
        if self.location == "meta" {
            return Err(WriteError::Meta { key: key() });
        }
        if !nbytes.is_multiple_of(dtype.size()) {
            return Err(WriteError::PartialElement { key: key(), dtype, nbytes });
        }
        match first {
            // PyTorch does not look at storages without memory.
            Some(first) if nbytes > 0 && stored_as(first.dtype) != stored_as(dtype) => {
                Err(WriteError::SharedAsDifferentTypes {
                    first: first.key.to_owned(),
                    first_dtype: first.dtype,
                    second: key(),
                    second_dtype: dtype,
                })
            }
            _ => Ok(()),
        }
    }
}

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
            sizes: Vec::with_capacity(entries),
            metadata: None,
        }
    }

    /// Adds a storage and returns its number. `location` is its location tag, such as `"cpu"`.
    pub(crate) fn storage(&mut self, location: impl Into<Cow<'a, str>>, source: S) -> usize {
        self.sizes.push(source.nbytes());
        self.storages.push(OutlineStorage { location: location.into(), source, first: None });
        self.storages.len() - 1
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(crate) fn entry(&mut self, entry: Entry<'a>) -> Result<(), WriteError> {
        self.facts(&entry).check(self.first_use(entry.storage).as_ref())?;
        self.add(entry);
        Ok(())
    }

    /// Adds the use of a storage that stands by itself, or that belongs to a tensor of another kind: only
    /// the key, the element type and the storage of `entry` count.
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub(super) fn bare_storage(&mut self, entry: Entry<'a>) -> Result<(), WriteError> {
        self.facts(&entry).check_bare(self.first_use(entry.storage).as_ref())?;
        self.add(entry);
        Ok(())
    }

    fn add(&mut self, entry: Entry<'a>) {
        if let Some(storage) = self.storages.get_mut(entry.storage) {
            storage.first.get_or_insert(self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Sets `_metadata`.
    pub(crate) fn set_metadata(&mut self, metadata: Option<&'a Metadata>) {
        self.metadata = metadata;
    }
}

impl<S> Outline<'_, S> {
    /// What the file says of an entry.
    pub(super) fn facts<'e>(&'e self, entry: &'e Entry<'_>) -> Facts<'e> {
        let (nbytes, location) = self.storage_facts(entry.storage);
        Facts {
            key: &entry.key,
            dtype: entry.dtype,
            shape: &entry.shape,
            strides: entry.strides.as_ref(),
            offset: entry.offset,
            requires_grad: entry.requires_grad,
            conj: entry.conj,
            neg: entry.neg,
            storage: entry.storage,
            nbytes,
            location,
        }
    }

    /// The size of a storage in bytes and its location tag.
    pub(super) fn storage_facts(&self, storage: usize) -> (usize, &str) {
        let nbytes = self.sizes.get(storage).copied().unwrap_or(0);
        (nbytes, self.storages.get(storage).map_or("cpu", |storage| &storage.location))
    }
}

impl<S: Source> Outlined for Outline<'_, S> {
    fn entries(&self) -> impl ExactSizeIterator<Item = Facts<'_>> {
        self.entries.iter().map(|entry| self.facts(entry))
    }

    fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    fn metadata(&self) -> Option<&Metadata> {
        self.metadata
    }

    fn first_use(&self, storage: usize) -> Option<Facts<'_>> {
        let first = self.storages.get(storage)?.first?;
        self.entries.get(first).map(|entry| self.facts(entry))
    }
}

/// The element type PyTorch gives the storage of a tensor: the younger types are stored untyped,
/// which counts as `uint8`.
pub(super) fn stored_as(dtype: DType) -> DType {
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
