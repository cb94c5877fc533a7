//! The memo: values that a pickle names to use them again.
//!
//! Writers name nearly everything and use hardly any of it again. Where a whole entry is matched, most of
//! what it names is never made, on the chance that it will not be asked for. If it is, or if more would have
//! to be kept than is worth it, the pickle is read anew by a memo that knows which names are used.

mod kept;
mod name;
mod scanned;

use crate::value::Memory;
use crate::value::raw::Raw;
use kept::Kept;
pub(super) use name::{NotKept, name_of_line};
use scanned::Scanned;

/// The memo of one pickle.
pub(super) enum Memo {
    Kept(Kept),
    Scanned(Scanned),
}

impl Memo {
    /// A memo for a pickle of that size which keeps everything but what is passed over.
    pub(super) fn keep(pickle_len: usize) -> Self {
        Memo::Kept(Kept::new(pickle_len))
    }

    /// A memo that keeps what that pickle uses. It never needs another scan.
    pub(super) fn scan(pickle: &[u8]) -> Self {
        Memo::Scanned(Scanned::scan(pickle))
    }

    /// Returns how much memory it takes from the start.
    pub(super) fn size(&self) -> usize {
        match self {
            Memo::Kept(memo) => memo.size(),
            Memo::Scanned(memo) => memo.size(),
        }
    }

    /// Gives a value a name. Whether the value is kept: whether the name may be used.
    pub(super) fn put(
        &mut self,
        name: u64,
        value: Raw,
        memory: &mut Memory,
    ) -> Result<bool, NotKept> {
        match self {
            Memo::Kept(memo) => memo.put(name, value, memory).map(|()| true),
            Memo::Scanned(memo) => Ok(memo.put(name, value, memory)?),
        }
    }

    /// Gives a value the next name, as protocol 4 does: the number of names given so far.
    pub(super) fn put_next(&mut self, value: Raw, memory: &mut Memory) -> Result<bool, NotKept> {
        match self {
            Memo::Kept(memo) => memo.put_next(value, memory).map(|()| true),
            Memo::Scanned(memo) => Ok(memo.put_next(value, memory)?),
        }
    }

    /// Reserves a name without making its value. Returns `false` if that is not possible.
    pub(super) fn pass_over(&mut self, name: u64) -> bool {
        match self {
            Memo::Kept(memo) => memo.pass_over(name),
            Memo::Scanned(memo) => memo.is_for_nothing(name),
        }
    }

    /// The value of a name; `None` where it was never given.
    pub(super) fn get(&self, name: u64) -> Result<Option<Raw>, NotKept> {
        match self {
            Memo::Kept(memo) => memo.get(name),
            Memo::Scanned(memo) => Ok(memo.get(name)),
        }
    }
}
