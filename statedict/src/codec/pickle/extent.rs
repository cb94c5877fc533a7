//! Where a pickle ends, for files in which something follows it.

use crate::codec::pickle::cursor::Cursor;
use crate::codec::pickle::opcode;

/// The end of a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// After so many bytes.
    Ends(usize),
    /// Not within these bytes.
    CutShort,
    /// Nowhere: there is a byte that is no opcode, and so many bytes are enough to show it.
    Malformed(usize),
}

/// Finds the end of the pickle at the start of `bytes`, without making its values.
pub(crate) fn extent(bytes: &[u8]) -> Extent {
    let mut cursor = Cursor::new(bytes);
    while let Ok(code) = cursor.u8() {
        if code == opcode::STOP {
            return Extent::Ends(cursor.position());
        }
        let Some(operand) = opcode::operand(code) else {
            return Extent::Malformed(cursor.position());
        };
        if cursor.skip(operand).is_err() {
            break;
        }
    }
    Extent::CutShort
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_without_making_values() {
        assert_eq!(extent(b"\x80\x02K\x05.more"), Extent::Ends(5));
        // A STOP within an operand is none.
        assert_eq!(extent(b"\x80\x02K.."), Extent::Ends(5));
        assert_eq!(extent(b"X\x03\0\0\0.."), Extent::CutShort);
        assert_eq!(extent(b"N\xff."), Extent::Malformed(2));
    }
}
