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
    memory: Option<u64>,
    work: Option<u64>,
    integer_bytes: Option<u64>,
    name_bytes: Option<u64>,
}

const MIB: u64 = 1 << 20;

impl Limits {
    /// No limits, for files that are trusted.
    #[must_use]
    pub fn none() -> Self {
        let all = Some(u64::MAX);
        Limits {
            pickle_bytes: all,
            inflated_bytes: all,
            memory: all,
            work: all,
            integer_bytes: all,
            name_bytes: all,
        }
    }

    setters! {
        /// The size of the pickle. By default eight times the file, at least 1 MiB; it is larger than the
        /// file only where it is compressed.
        pickle_bytes(bytes: u64) => pickle_bytes = Some(bytes);

        /// The size of one compressed storage when it is expanded, or of all where all are read at once
        /// ([`ReadOptions::in_memory`](crate::ReadOptions::in_memory)). By default eight times the file, at least
        /// 16 MiB.
        inflated_bytes(bytes: u64) => inflated_bytes = Some(bytes);

        /// The memory that the values of a pickle take, and the pickle, in bytes. By default 20 MiB and sixteen times
        /// the file.
        memory(bytes: u64) => memory = Some(bytes);

        /// How many values and bytes are looked at or copied again: a name that is used from the memo, the arguments
        /// of a call, a set made of a list, text converted to bytes. By default sixteen times the pickle's size, at
        /// least 65,536.
        work(work: u64) => work = Some(work);

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

    /// The limits for the pickles of a file of that size.
    pub(crate) fn within_file(&self, file_len: u64) -> Self {
        let memory = Some(self.memory.unwrap_or_else(|| memory(file_len)));
        Limits { memory, ..self.clone() }
    }

    /// The limits for what follows in the same file.
    pub(crate) fn after(&self, taken: u64) -> Self {
        Limits { memory: self.memory.map(|memory| memory.saturating_sub(taken)), ..self.clone() }
    }

    /// The limits where half of the memory is wanted for something else.
    pub(crate) fn halved(&self) -> Self {
        Limits { memory: self.memory.map(|memory| memory / 2), ..self.clone() }
    }

    /// The limits for a file of that size within a pickle. There may be very many, so none has a minimum.
    pub(crate) fn for_nested(&self, file_len: u64) -> Self {
        let limits = self.for_file(file_len);
        let most = |limit: u64, times: u64| Some(limit.min(file_len.saturating_mul(times)));
        Limits {
            pickle_bytes: most(limits.pickle_bytes, 8),
            inflated_bytes: most(limits.inflated_bytes, 8),
            memory: Some(file_len.saturating_mul(16).saturating_add(1 << 16)),
            ..self.clone()
        }
    }

    pub(crate) fn for_file(&self, file_len: u64) -> FileLimits {
        FileLimits {
            pickle_bytes: self.pickle_bytes.unwrap_or_else(|| file_len.saturating_mul(8).max(MIB)),
            inflated_bytes: self
                .inflated_bytes
                .unwrap_or_else(|| file_len.saturating_mul(8).max(16 * MIB)),
        }
    }

    pub(crate) fn for_pickle(&self, pickle_len: usize) -> PickleLimits {
        let len = u64::try_from(pickle_len).unwrap_or(u64::MAX);
        PickleLimits {
            memory: self.memory.unwrap_or_else(|| memory(len)),
            work: self.work.unwrap_or_else(|| len.saturating_mul(16).max(1 << 16)),
            integer_bytes: self.integer_bytes.unwrap_or(4096),
        }
    }
}

/// The memory for the values of a file, by default.
fn memory(file_len: u64) -> u64 {
    file_len.saturating_mul(16).saturating_add(20 * MIB)
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
    pub(crate) memory: u64,
    pub(crate) work: u64,
    pub(crate) integer_bytes: u64,
}
