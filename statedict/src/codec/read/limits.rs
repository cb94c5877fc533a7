//! Limits on what reading a file may cost.

use crate::setters::setters;

/// Limits on what reading may cost, so that no file can take more memory than a small multiple of its
/// size. What is not set follows from the size of the file.
///
/// ```
/// use statedict::codec::{Limits, ReadOptions};
///
/// let options = ReadOptions::default().limits(Limits::default().pickle_bytes(4 << 30));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Limits {
    pickle_bytes: Option<u64>,
    inflated_bytes: Option<u64>,
    copies: Option<u64>,
    integer_bytes: Option<u64>,
    name_bytes: Option<u64>,
}

const MIB: u64 = 1 << 20;

impl Limits {
    setters! {
        /// The size of the pickle. By default eight times the file, at least 64 MiB; it is larger than the
        /// file only where it is compressed.
        pickle_bytes(bytes: u64) => pickle_bytes = Some(bytes);

        /// The size of one compressed storage when it is expanded, or of all where all are read at once
        /// ([`ReadOptions::in_memory`](crate::ReadOptions::in_memory)). By default sixteen times the file, at least
        /// 256 MiB.
        inflated_bytes(bytes: u64) => inflated_bytes = Some(bytes);

        /// How many values and bytes the pickle may have copied, such as a set made of a list, or text
        /// converted to bytes. By default four times the pickle's size, at least 65,536.
        copies(copies: u64) => copies = Some(copies);

        /// The size of an integer beyond 64 bits. By default 4,096 bytes.
        integer_bytes(bytes: u64) => integer_bytes = Some(bytes);

        /// The length of all names of the state dict of a whole model together, in which a module under two
        /// names comes twice. By default four times the pickle's size, at least 65,536.
        name_bytes(bytes: u64) => name_bytes = Some(bytes);
    }

    pub(crate) fn for_names(&self, pickle_len: usize) -> u64 {
        let len = u64::try_from(pickle_len).unwrap_or(u64::MAX);
        self.name_bytes.unwrap_or_else(|| len.saturating_mul(4).max(1 << 16))
    }

    pub(crate) fn for_file(&self, file_len: u64) -> FileLimits {
        FileLimits {
            pickle_bytes: self
                .pickle_bytes
                .unwrap_or_else(|| file_len.saturating_mul(8).max(64 * MIB)),
            inflated_bytes: self
                .inflated_bytes
                .unwrap_or_else(|| file_len.saturating_mul(16).max(256 * MIB)),
        }
    }

    pub(crate) fn for_pickle(&self, pickle_len: usize) -> PickleLimits {
        let len = u64::try_from(pickle_len).unwrap_or(u64::MAX);
        PickleLimits {
            copies: self.copies.unwrap_or_else(|| len.saturating_mul(4).max(1 << 16)),
            integer_bytes: self.integer_bytes.unwrap_or(4096),
        }
    }
}

/// The limits for a file of known size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileLimits {
    pub(crate) pickle_bytes: u64,
    pub(crate) inflated_bytes: u64,
}

/// The limits for a pickle of known size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PickleLimits {
    pub(crate) copies: u64,
    pub(crate) integer_bytes: u64,
}
