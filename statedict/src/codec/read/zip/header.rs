//! The header before each member, and what the directory says of the same member.

use crate::codec::read::zip::directory::{Method, method_name};
use crate::codec::read::zip::fields::{u16_at, u32_at};
use crate::codec::read::zip::member::Archive;
use crate::tensor::StorageError;

/// Sizes and checksum come after the member instead.
const DESCRIPTOR: u16 = 8;

impl Archive {
    /// Returns the place of a member's bytes in the file; `None` where they are compressed, or its header is damaged.
    pub(in crate::codec::read) fn stored_at(&self, index: u32) -> Option<u64> {
        let record = self.record(index).ok()?;
        match record.method {
            Method::Stored => self.payload(index, record).ok(),
            _ => None,
        }
    }

    /// The size of a member in bytes.
    pub(in crate::codec::read) fn size_of(&self, index: u32) -> u64 {
        self.record(index).map_or(0, |record| record.size)
    }

    /// Returns `true` if the first byte of a member is, or may be, that one; of a compressed one this is not known.
    pub(in crate::codec::read) fn may_start_with(&self, index: u32, byte: u8) -> bool {
        let mut first = [0];
        match self.stored_at(index) {
            Some(at) if self.size_of(index) > 0 => {
                self.source.read_at(at, &mut first).is_err() || first == [byte]
            }
            Some(_) => false,
            None => true,
        }
    }

    /// Checks that the bytes of a member can be had.
    pub(in crate::codec::read) fn check_method(&self, index: u32) -> Result<(), StorageError> {
        match self.record(index)?.method {
            Method::Stored | Method::Deflated(_) => Ok(()),
            Method::Encrypted(_) => Err(self.invalid(index, "it is encrypted")),
            Method::Other(method, _) => {
                Err(self.invalid(index, &format!("it is {}", method_name(method))))
            }
        }
    }

    /// Checks that the header before a member says the same as the directory.
    pub(in crate::codec::read) fn check_header(&self, index: u32) -> Result<(), StorageError> {
        let record = self.record(index)?;
        self.payload(index, record)?;
        let mut header = [0; 30];
        let read = self.source.read_at(record.header, &mut header);
        read.map_err(|error| self.io(index, error))?;
        let flags = u16_at(&header, 6).unwrap_or(0);
        if flags & DESCRIPTOR != 0 {
            return Ok(());
        }
        let same = |at: usize, expected: u64| match u32_at(&header, at) {
            // The number is elsewhere, since it does not fit here.
            Some(u32::MAX) => true,
            found => found.map(u64::from) == Some(expected),
        };
        if !same(14, record.crc.into()) {
            return Err(
                self.invalid(index, "its header and the directory have different checksums")
            );
        }
        if !same(18, record.stored_size()) || !same(22, record.size) {
            return Err(self.invalid(index, "its header and the directory have different sizes"));
        }
        Ok(())
    }
}
