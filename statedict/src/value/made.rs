//! The storages of tensors that have none in the file.

use std::borrow::Cow;

use crate::tensor::{StorageError, Storages};

/// A storage that the file does not hold as one.
pub(super) enum Made {
    /// A size without bytes, as on the device `meta`.
    Absent(usize),
    /// Elements that the pickle gives as values.
    Bytes(Vec<u8>),
}

/// The storages that were made while a pickle was read.
pub(super) struct MadeStorages(pub(super) Vec<Made>);

impl MadeStorages {
    fn get(&self, index: u32) -> Option<&Made> {
        self.0.get(usize::try_from(index).ok()?)
    }
}

impl Storages for MadeStorages {
    fn nbytes(&self, index: u32) -> usize {
        match self.get(index) {
            Some(Made::Absent(nbytes)) => *nbytes,
            Some(Made::Bytes(bytes)) => bytes.len(),
            None => 0,
        }
    }

    fn location(&self, index: u32) -> &str {
        match self.get(index) {
            Some(Made::Bytes(_)) => "cpu",
            _ => "meta",
        }
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        match self.get(index) {
            Some(Made::Bytes(bytes)) => Ok(Cow::Borrowed(bytes)),
            _ => Err(StorageError::Absent),
        }
    }

    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.bytes(index).map(drop)
    }
}
