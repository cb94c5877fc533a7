//! The names of a memo: numbers.

/// A name may be used that was not kept: the pickle has to be read again by a memo that was scanned.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::codec::pickle) struct NeedsScan;

/// Returns the number that a line of text is.
pub(in crate::codec::pickle) fn name_of_line(line: &[u8]) -> Option<u64> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}
