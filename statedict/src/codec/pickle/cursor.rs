//! Reading the operands of opcodes from the bytes of a pickle.

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::opcode::Operand;

/// A place in the bytes of a pickle.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Returns the bytes that are still to be read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// Passes over all but `rest`, a tail of what is still to be read.
    pub(super) fn set_rest(&mut self, rest: &[u8]) {
        self.position = self.bytes.len().saturating_sub(rest.len());
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.position..).unwrap_or(&[]);
        let taken = rest.get(..count).ok_or_else(|| Fault::truncated(count, rest.len()))?;
        self.position = self.position.saturating_add(count);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let rest = self.bytes.get(self.position..).unwrap_or(&[]);
        let array = rest.first_chunk().ok_or_else(|| Fault::truncated(N, rest.len()))?;
        self.position = self.position.saturating_add(N);
        Ok(*array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn f64_be(&mut self) -> Result<f64, Fault> {
        self.array().map(f64::from_be_bytes)
    }

    /// A length of `width` bytes, and as many bytes.
    pub(super) fn counted(&mut self, width: usize) -> Result<&'a [u8], Fault> {
        let mut length = [0; 8];
        let bytes = self.take(width)?;
        length.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
        // More than can be addressed is certainly more than is there.
        let count = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
        self.take(count)
    }

    /// Passes over what follows an opcode.
    pub(super) fn skip(&mut self, operand: Operand) -> Result<(), Fault> {
        match operand {
            Operand::Nothing => Ok(()),
            Operand::Fixed(count) => self.take(count).map(drop),
            Operand::Line => self.line().map(drop),
            Operand::TwoLines => self.line().and_then(|_| self.line()).map(drop),
            Operand::Counted(width) => self.counted(width).map(drop),
        }
    }

    /// Passes over the length of a frame, of which all bytes must be there, as CPython reads it.
    pub(super) fn frame(&mut self) -> Result<(), Fault> {
        let count = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
        match self.rest().len() {
            left if count > left => Err(Fault::truncated(count, left)),
            _ => Ok(()),
        }
    }

    /// The bytes up to the next newline, which is passed over.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.position..).unwrap_or(&[]);
        let end = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or_else(|| Fault::truncated(rest.len().saturating_add(1), rest.len()))?;
        self.position = self.position.saturating_add(end).saturating_add(1);
        Ok(rest.get(..end).unwrap_or(&[]))
    }
}
