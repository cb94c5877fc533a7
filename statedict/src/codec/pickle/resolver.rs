//! The storages beside a pickle, found by what the pickle says of them.

use crate::codec::read::ReadError;
use crate::dtype::DType;
use crate::value::Bytes;

/// The statement of a persistent id about a storage.
pub(crate) struct StorageRequest<'a> {
    /// The key it has in the archive.
    pub(crate) key: &'a str,
    /// Its location: `cpu`, `cuda:0`.
    pub(crate) location: &'a str,
    /// The type of its elements; `None` for untyped bytes.
    pub(crate) dtype: Option<DType>,
    /// Its size.
    pub(crate) nbytes: u64,
    /// The part that is meant, if it is not all of it.
    pub(crate) slice: Option<Slice<'a>>,
}

/// A part of a storage that is a storage of its own: how PyTorch before 0.4 saved views.
pub(crate) struct Slice<'a> {
    pub(crate) key: &'a str,
    /// Its start in the storage, in bytes.
    pub(crate) offset: u64,
    pub(crate) nbytes: u64,
}

/// An object that a file of PyTorch 0.1 saved beside its pickle under a number.
#[derive(Debug, Clone)]
pub(crate) enum Saved {
    /// A storage, and the type of its elements.
    Storage(u32, DType),
    Tensor(SavedTensor),
}

/// A tensor that was saved beside the pickle.
#[derive(Debug, Clone)]
pub(crate) struct SavedTensor {
    pub(crate) storage: u32,
    pub(crate) dtype: DType,
    pub(crate) offset: i64,
    pub(crate) sizes: Vec<i64>,
    pub(crate) strides: Vec<i64>,
}

/// Finds storages by what a pickle says of them.
pub(crate) trait StorageResolver {
    /// The index of the storage in the set that tensors are views of. Its size is the one requested.
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>>;

    /// The size of a storage that was found.
    fn nbytes(&self, index: u32) -> usize;

    /// Returns `true` if ids may also have the forms of before PyTorch 1.6: slices of storages, and classes with
    /// their source code.
    fn old_ids(&self) -> bool {
        false
    }

    /// Returns `true` if storages may be files within the pickle.
    fn has_nested(&self) -> bool {
        false
    }

    /// Reads a file within the pickle, and returns its storage and dtype.
    fn nested(&mut self, file: Bytes) -> Result<(u32, Option<DType>), Box<ReadError>> {
        let member = format!("a file of {} bytes within the pickle", (*file).as_ref().len());
        Err(Box::new(ReadError::Missing { member }))
    }

    /// Returns the object that was saved under a number.
    fn saved(&self, id: i64) -> Option<&Saved> {
        let _ = id;
        None
    }
}
