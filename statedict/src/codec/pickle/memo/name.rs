//! The names of a memo: numbers.

use crate::value::Full;

/// Why a value could not be kept under a name, or had.
#[derive(Debug, PartialEq)]
pub(in crate::codec::pickle) enum NotKept {
    /// A name may be used that was not kept: the pickle has to be read again by a memo that was scanned.
    NeedsScan,
    Full(Full),
}

impl From<Full> for NotKept {
    fn from(full: Full) -> Self {
        NotKept::Full(full)
    }
}

/// Returns the number that a line of text is.
pub(in crate::codec::pickle) fn name_of_line(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}
