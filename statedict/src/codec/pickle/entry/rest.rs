//! The bytes of an entry, and what is read from them.

use crate::codec::pickle::opcode as op;
use crate::value::raw::Text;

/// The bytes of an entry that are still to be read.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a> {
    bytes: &'a [u8],
    /// The size of the whole pickle.
    end: usize,
}

impl<'a> Rest<'a> {
    /// The last bytes of a pickle of that size.
    pub(super) fn new(bytes: &'a [u8], end: usize) -> Self {
        Rest { bytes, end }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&array, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(array)
    }

    /// Passes over opcodes that must be these.
    pub(super) fn pass(&mut self, opcodes: &[u8]) -> Option<()> {
        self.bytes = self.bytes.strip_prefix(opcodes)?;
        Some(())
    }

    /// Reads what follows BINUNICODE: text in UTF-8.
    pub(super) fn text(&mut self) -> Option<(Text, &'a str)> {
        let len = u32::from_le_bytes(self.array()?);
        let start = u32::try_from(self.end.checked_sub(self.bytes.len())?).ok()?;
        let (text, rest) = self.bytes.split_at_checked(usize::try_from(len).ok()?)?;
        self.bytes = rest;
        Some((Text { start, len }, std::str::from_utf8(text).ok()?))
    }

    /// The name under which the top of the stack is put into the memo.
    pub(super) fn put(&mut self) -> Option<u64> {
        match self.u8()? {
            op::BINPUT => self.u8().map(u64::from),
            op::LONG_BINPUT => self.array().map(u32::from_le_bytes).map(u64::from),
            _ => None,
        }
    }

    pub(super) fn int(&mut self) -> Option<i64> {
        let opcode = self.u8()?;
        self.int_of(opcode)
    }

    pub(super) fn int_of(&mut self, opcode: u8) -> Option<i64> {
        match opcode {
            op::BININT1 => self.u8().map(i64::from),
            op::BININT2 => self.array().map(u16::from_le_bytes).map(i64::from),
            op::BININT => self.array().map(i32::from_le_bytes).map(i64::from),
            _ => None,
        }
    }
}
