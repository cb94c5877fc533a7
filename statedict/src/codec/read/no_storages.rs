//! The storages of a pickle by itself.

use std::borrow::Cow;

use crate::codec::pickle::{StorageRequest, StorageResolver};
use crate::codec::read::error::ReadError;
use crate::tensor::{StorageError, Storages};

/// No storages.
pub(super) struct NoStorages;

impl StorageResolver for NoStorages {
    fn resolve(&mut self, request: &StorageRequest<'_>) -> Result<u32, Box<ReadError>> {
        let member = format!("data/{}", request.key);
        Err(Box::new(ReadError::Missing { member }))
    }

    fn nbytes(&self, _: u32) -> usize {
        0
    }
}

impl Storages for NoStorages {
    fn nbytes(&self, _: u32) -> usize {
        0
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        Ok((&[]).into())
    }
}
