//! Storages: the runs of bytes that tensors are views of.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;

use crate::escape::OneLine;
use crate::nontemporal_copy;
use crate::plain_debug::debug_is_display;

/// The storages of one source: a file, a live model, a computed tensor.
///
/// A set answers for all its storages, so that opening a file of a million tensors makes one
/// allocation for their storages rather than a million.
pub trait Storages: Send + Sync {
    /// The size of storage `index` in bytes.
    fn nbytes(&self, index: u32) -> usize;

    /// The location tag of storage `index`: `"cpu"`, `"cuda:0"`, …
    fn location(&self, index: u32) -> &str {
        let _ = index;
        "cpu"
    }

    /// All bytes of storage `index`, little-endian: borrowed where they are in memory or mapped,
    /// read where they are not. This does not verify a checksum; see [`verify`](Self::verify).
    ///
    /// # Errors
    /// Where the bytes cannot be read.
    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError>;

    /// Fills `buffer` with the bytes of storage `index` from `offset` on.
    ///
    /// # Errors
    /// Where the bytes cannot be read, or the storage ends before the buffer is full.
    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        let bytes = self.bytes(index)?;
        let source = offset
            .checked_add(buffer.len())
            .and_then(|end| bytes.get(offset..end))
            .ok_or_else(|| StorageError::out_of_range(offset, buffer.len(), bytes.len()))?;
        nontemporal_copy::copy(source, buffer);
        Ok(())
    }

    /// Returns `true` if [`read_at`](Self::read_at) takes no longer than its part is large. By default that is
    /// not known, and a load takes the storage as a whole, once: it may have to be expanded or computed.
    fn reads_parts(&self, index: u32) -> bool {
        let _ = index;
        false
    }

    /// Checks the bytes of storage `index` against the checksum that came with them, if one did, and that
    /// [`bytes`](Self::bytes) and [`read_at`](Self::read_at) can give them: a load writes nothing before
    /// it has asked.
    ///
    /// # Errors
    /// Where the bytes cannot be read or their checksum differs.
    fn verify(&self, index: u32) -> Result<(), StorageError> {
        let _ = index;
        Ok(())
    }

    /// The same storages, for as long as they are wanted: `Some(self)` for a set that borrows nothing and
    /// whose bytes stay as they are. A tensor library can then go on using them without a copy, where
    /// [`LoadOptions::keep_mapped`](crate::LoadOptions::keep_mapped) says so. `None` is the default.
    fn keep(self: Arc<Self>) -> Option<Arc<dyn Storages>> {
        None
    }
}

/// A handle to one storage: the run of bytes that one or several tensors are views of, as
/// `torch.UntypedStorage`. Cloning it copies the handle, never the bytes.
///
/// Bytes are little-endian, whatever the byte order of the file they come from.
#[derive(Clone)]
pub struct Storage<'a> {
    set: Arc<dyn Storages + 'a>,
    index: u32,
    /// `true` if it is memory of ours, for which there is no checksum.
    in_memory: bool,
}

impl<'a> Storage<'a> {
    /// The storage `index` of `set`.
    pub fn new(set: Arc<dyn Storages + 'a>, index: u32) -> Self {
        Storage { set, index, in_memory: false }
    }

    /// A storage of bytes that are borrowed or owned in memory.
    pub fn from_bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Storage::in_memory(InMemory { bytes: bytes.into(), location: None })
    }

    /// A storage of bytes in memory that say they belong elsewhere.
    pub(crate) fn from_bytes_at(bytes: impl Into<Cow<'a, [u8]>>, location: &str) -> Self {
        let location = (location != "cpu").then(|| location.into());
        Storage::in_memory(InMemory { bytes: bytes.into(), location })
    }

    fn in_memory(memory: InMemory<'a>) -> Self {
        Storage { set: Arc::new(memory), index: 0, in_memory: true }
    }

    /// Returns `true` if [`verify`](Self::verify) may find anything.
    pub(crate) fn can_be_damaged(&self) -> bool {
        !self.in_memory
    }

    /// The size in bytes.
    pub fn nbytes(&self) -> usize {
        self.set.nbytes(self.index)
    }

    /// The location tag, such as `"cpu"` or `"cuda:0"`.
    pub fn location(&self) -> &str {
        self.set.location(self.index)
    }

    /// Returns `true` if two handles mean the same storage.
    pub fn same_as(&self, other: &Storage<'_>) -> bool {
        self.identity() == other.identity()
    }

    /// Equal for handles of one storage, different for storages that are alive together.
    pub fn identity(&self) -> (usize, u32) {
        (Arc::as_ptr(&self.set).cast::<()>().addr(), self.index)
    }

    /// All bytes; see [`Storages::bytes`].
    ///
    /// # Errors
    /// Where the bytes cannot be read.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, StorageError> {
        self.set.bytes(self.index)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Where the bytes cannot be read, or the storage ends before the buffer is full.
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.set.read_at(self.index, offset, buffer)
    }

    /// Returns `true` if a part can be read without the rest; see [`Storages::reads_parts`].
    pub(crate) fn reads_parts(&self) -> bool {
        self.in_memory || self.set.reads_parts(self.index)
    }

    /// Checks the bytes against the checksum that came with them, if one did.
    ///
    /// # Errors
    /// Where the bytes cannot be read or their checksum differs.
    pub fn verify(&self) -> Result<(), StorageError> {
        self.set.verify(self.index)
    }

    /// The same storage, free to be kept; see [`Storages::keep`].
    pub(crate) fn keep(&self) -> Option<Storage<'static>> {
        let set = Arc::clone(&self.set).keep()?;
        Some(Storage { set, index: self.index, in_memory: self.in_memory })
    }
}

impl fmt::Debug for Storage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("index", &self.index)
            .field("nbytes", &self.nbytes())
            .field("location", &self.location())
            .finish_non_exhaustive()
    }
}

/// One storage in memory.
struct InMemory<'a> {
    bytes: Cow<'a, [u8]>,
    /// `None` is `cpu`, by far the commonest.
    location: Option<Box<str>>,
}

impl Storages for InMemory<'_> {
    fn nbytes(&self, _: u32) -> usize {
        self.bytes.len()
    }

    fn location(&self, _: u32) -> &str {
        self.location.as_deref().unwrap_or("cpu")
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        Ok(Cow::Borrowed(&self.bytes))
    }
}

/// Why the bytes of a storage could not be had.
#[non_exhaustive]
pub enum StorageError {
    /// Reading failed.
    Io {
        /// The file's name and the member within it.
        member: String,
        /// The cause.
        source: io::Error,
    },
    /// The bytes are not those that were written.
    Checksum {
        /// The file's name and the member within it.
        member: String,
        /// The CRC-32 that the file records.
        expected: u32,
        /// The CRC-32 of the bytes as they are.
        found: u32,
    },
    /// Compressed data that does not expand to what the file claims.
    Inflate {
        /// The file's name and the member within it.
        member: String,
        /// The fault in it.
        reason: String,
    },
    /// The tensor has no elements to read: it was saved from the device `meta`.
    Absent,
    /// There is no memory for the elements, of which an expanded tensor has as many as it likes.
    Memory {
        /// The number of bytes that were wanted.
        needed: usize,
    },
    /// A range that the storage does not have.
    OutOfRange {
        /// The first byte wanted.
        offset: usize,
        /// The number of bytes that were wanted.
        len: usize,
        /// The size of the storage in bytes.
        nbytes: usize,
    },
}

impl StorageError {
    pub(crate) fn out_of_range(offset: usize, len: usize, nbytes: usize) -> Self {
        StorageError::OutOfRange { offset, len, nbytes }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message(&mut OneLine(f))
    }
}

impl StorageError {
    fn message(&self, f: &mut OneLine<'_, '_>) -> fmt::Result {
        match self {
            StorageError::Io { member, source } => write!(f, "cannot read `{member}`: {source}"),
            StorageError::Checksum { member, expected, found } => write!(
                f,
                "`{member}` is damaged: its CRC-32 is {found:08x}, the file records {expected:08x}"
            ),
            StorageError::Inflate { member, reason } => {
                write!(f, "`{member}` cannot be decompressed: {reason}")
            }
            StorageError::Absent => f.write_str(
                "the tensor was saved from the device `meta`, so the file has no elements of it",
            ),
            StorageError::Memory { needed } => {
                write!(
                    f,
                    "there is no memory for the tensor's {needed} bytes; narrow it before reading it"
                )
            }
            StorageError::OutOfRange { offset, len, nbytes } => {
                write!(f, "{len} bytes at offset {offset} of a storage of {nbytes} bytes")
            }
        }
    }
}

debug_is_display!(StorageError);

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StorageError::Io { source, .. } => Some(source),
            StorageError::Checksum { .. }
            | StorageError::Inflate { .. }
            | StorageError::Absent
            | StorageError::Memory { .. }
            | StorageError::OutOfRange { .. } => None,
        }
    }
}
