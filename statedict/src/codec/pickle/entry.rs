//! An entry of a state dict as PyTorch writes it, in one step.
//!
//! A tensor is some forty opcodes, in nearly every file the same ones. The machine would make and take
//! away five tuples and an empty dict for each; that, and not the bytes, is what opening a large file
//! would cost. Here an entry is matched as a whole. What is not exactly as expected changes nothing and
//! is left to the machine, opcode by opcode, its errors included.

use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::opcode as op;
use crate::codec::pickle::persistent::{StorageRequest, StorageResolver};
use crate::value::raw::{Raw, TensorFlags, TensorNode, Text};

/// The most dimensions a tensor may have here.
const MAX_RANK: usize = 8;

/// The bytes of an entry that are still to be read.
#[derive(Clone, Copy)]
struct Rest<'a> {
    bytes: &'a [u8],
    /// The size of the whole pickle.
    end: usize,
}

impl<'a> Rest<'a> {
    fn u8(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&array, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(array)
    }

    /// Passes over opcodes that must be these.
    fn expect(&mut self, opcodes: &[u8]) -> Option<()> {
        self.bytes = self.bytes.strip_prefix(opcodes)?;
        Some(())
    }

    /// What follows BINUNICODE: text in UTF-8.
    fn text(&mut self) -> Option<(Text, &'a [u8])> {
        let len = u32::from_le_bytes(self.array()?);
        let start = u32::try_from(self.end.checked_sub(self.bytes.len())?).ok()?;
        let (text, rest) = self.bytes.split_at_checked(usize::try_from(len).ok()?)?;
        self.bytes = rest;
        // Nearly all is ASCII, which is quickly told.
        let is_text = text.is_ascii() || std::str::from_utf8(text).is_ok();
        is_text.then_some((Text { start, len }, text))
    }

    /// The name under which the top of the stack is put into the memo.
    fn put(&mut self) -> Option<u64> {
        match self.u8()? {
            op::BINPUT => self.u8().map(u64::from),
            op::LONG_BINPUT => self.array().map(u32::from_le_bytes).map(u64::from),
            _ => None,
        }
    }

    fn int(&mut self) -> Option<i64> {
        let opcode = self.u8()?;
        self.int_of(opcode)
    }

    fn int_of(&mut self, opcode: u8) -> Option<i64> {
        match opcode {
            op::BININT1 => self.u8().map(i64::from),
            op::BININT2 => self.array().map(u16::from_le_bytes).map(i64::from),
            op::BININT => self.array().map(i32::from_le_bytes).map(i64::from),
            _ => None,
        }
    }
}

/// The numbers of a size or stride.
struct Dims {
    numbers: [i64; MAX_RANK],
    rank: usize,
}

impl Dims {
    fn get(&self) -> &[i64] {
        self.numbers.get(..self.rank).unwrap_or_default()
    }
}

impl<R: StorageResolver> Machine<'_, R> {
    /// Reads an entry, after the opcode with which its key starts; whether there was one.
    pub(super) fn entry(&mut self) -> bool {
        self.matched_entry().is_some()
    }

    fn matched_entry(&mut self) -> Option<()> {
        let (bytes, end) = (self.input.rest(), self.graph.source_len());
        let mut rest = Rest { bytes, end };
        let (key, _) = rest.text()?;
        self.put_for_nothing(&mut rest)?;
        if self.meaning(self.got(&mut rest)?)? != Meaning::RebuildTensorV2 {
            return None;
        }
        rest.expect(&[op::MARK, op::MARK])?;
        let Raw::Str(kind) = self.got(&mut rest)? else { return None };
        let Meaning::Storage(Some(dtype)) = self.meaning(self.got(&mut rest)?)? else {
            return None;
        };
        rest.expect(&[op::BINUNICODE])?;
        let (_, storage_key) = rest.text()?;
        self.put_for_nothing(&mut rest)?;
        let location = self.location(&mut rest)?;
        let numel = u64::try_from(rest.int()?).ok()?;
        rest.expect(&[op::TUPLE])?;
        self.put_for_nothing(&mut rest)?;
        rest.expect(&[op::BINPERSID])?;
        let offset = usize::try_from(rest.int()?).ok()?;
        let (sizes, strides) = (self.dims_of(&mut rest)?, self.dims_of(&mut rest)?);
        let requires_grad = match rest.u8()? {
            op::NEWTRUE => true,
            op::NEWFALSE => false,
            _ => return None,
        };
        // The backward hooks, of which a tensor in a file has none.
        if self.meaning(self.got(&mut rest)?)? != Meaning::OrderedDict {
            return None;
        }
        rest.expect(&[op::EMPTY_TUPLE, op::REDUCE])?;
        self.put_for_nothing(&mut rest)?;
        rest.expect(&[op::TUPLE])?;
        self.put_for_nothing(&mut rest)?;
        rest.expect(&[op::REDUCE])?;
        let name = rest.put()?;

        if self.resolver.old_ids() || self.graph.text(kind) != b"storage" {
            return None;
        }
        let nbytes = numel.checked_mul(u64::try_from(dtype.size()).ok()?)?;
        let request = StorageRequest {
            key: std::str::from_utf8(storage_key).ok()?,
            location: self.graph.str(location),
            dtype: Some(dtype),
            nbytes,
            slice: None,
        };
        let storage = self.resolver.resolve(&request).ok()?;
        self.check_copies(sizes.rank.saturating_mul(2)).ok()?;
        let (sizes, strides) = (sizes.get(), strides.get());
        let nbytes = self.resolver.nbytes(storage);
        let strided = match row_major(sizes, strides) {
            Some(numel) => {
                let end = offset.checked_add(numel)?.checked_mul(dtype.size())?;
                if end > nbytes {
                    return None;
                }
                false
            }
            None => self.check_sizes(nbytes, dtype, offset, sizes, strides).ok()?,
        };
        let flags = TensorFlags { requires_grad, strided, ..TensorFlags::default() };
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        let tensor = self.graph.add_tensor(node, sizes, strides).ok()?;
        self.note_constant(kind);
        self.note_constant(location);
        self.memo.put(name, tensor);
        self.stack.extend([Raw::Str(key), tensor]);
        self.input.set_rest(rest.bytes);
        Some(())
    }

    /// Passes over the naming of something that will not be used by its name.
    fn put_for_nothing(&self, rest: &mut Rest<'_>) -> Option<()> {
        let name = rest.put()?;
        self.memo.is_for_nothing(name).then_some(())
    }

    /// What is taken out of the memo.
    fn got(&self, rest: &mut Rest<'_>) -> Option<Raw> {
        match rest.u8()? {
            op::BINGET => self.memo.get(rest.u8()?.into()),
            op::LONG_BINGET => self.memo.get(u32::from_le_bytes(rest.array()?).into()),
            _ => None,
        }
    }

    /// A location: that of the tensor before, or one with a number, of which each tensor has its own.
    fn location(&self, rest: &mut Rest<'_>) -> Option<Text> {
        if rest.expect(&[op::BINUNICODE]).is_some() {
            let (text, _) = rest.text()?;
            self.put_for_nothing(rest)?;
            return Some(text);
        }
        match self.got(rest)? {
            Raw::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A tuple of integers.
    fn dims_of(&self, rest: &mut Rest<'_>) -> Option<Dims> {
        let mut dims = Dims { numbers: [0; MAX_RANK], rank: 0 };
        let marked = rest.expect(&[op::MARK]).is_some();
        loop {
            let opcode = rest.u8()?;
            let ends = match opcode {
                // The empty tuple is not named.
                op::EMPTY_TUPLE if dims.rank == 0 && !marked => return Some(dims),
                op::TUPLE if marked => true,
                op::TUPLE1 => dims.rank == 1 && !marked,
                op::TUPLE2 => dims.rank == 2 && !marked,
                op::TUPLE3 => dims.rank == 3 && !marked,
                _ => false,
            };
            if ends {
                self.put_for_nothing(rest)?;
                return Some(dims);
            }
            *dims.numbers.get_mut(dims.rank)? = rest.int_of(opcode)?;
            dims.rank += 1;
        }
    }
}

/// The number of elements, where there are some and the strides are those of a row-major tensor.
fn row_major(sizes: &[i64], strides: &[i64]) -> Option<usize> {
    if sizes.len() != strides.len() {
        return None;
    }
    let mut next = 1i64;
    for (&size, &stride) in sizes.iter().zip(strides).rev() {
        if size < 1 || stride != next {
            return None;
        }
        next = next.checked_mul(size)?;
    }
    usize::try_from(next).ok()
}
