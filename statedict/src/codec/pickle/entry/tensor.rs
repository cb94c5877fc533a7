//! A tensor as `torch._utils._rebuild_tensor_v2` makes it.

use crate::codec::pickle::entry::Rest;
use crate::codec::pickle::globals::Meaning;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::opcode as op;
use crate::codec::pickle::persistent::LOCATION;
use crate::codec::pickle::resolver::{StorageRequest, StorageResolver};
use crate::value::raw::{Raw, StorageRef, TensorFlags, TensorNode, Text};

/// The most dimensions a tensor may have here.
const MAX_RANK: usize = 8;

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
    /// A tensor over a storage of its file, after its key.
    pub(super) fn tensor(&mut self, rest: &mut Rest<'_>) -> Option<Raw> {
        if self.meaning(self.got(rest)?)? != Meaning::RebuildTensorV2 {
            return None;
        }
        rest.pass(&[op::MARK, op::MARK])?;
        let Raw::Str(kind) = self.got(rest)? else { return None };
        let Meaning::Storage(Some(dtype)) = self.meaning(self.got(rest)?)? else {
            return None;
        };
        // Tensors of one storage have its key in common.
        let (storage_key, storage_text, storage_name) = match rest.pass(&[op::BINUNICODE]) {
            Some(()) => {
                let (key, text) = rest.text()?;
                (key, Some(text), Some(rest.put()?))
            }
            None => match self.got(rest)? {
                Raw::Str(known) => (known, None, None),
                _ => return None,
            },
        };
        let location = self.location(rest)?;
        let numel = u64::try_from(rest.int()?).ok()?;
        if self.resolver.old_ids() {
            // Before PyTorch 1.6 a part of a storage could be one of its own. This is a whole one.
            rest.pass(&[op::NONE])?;
        }
        rest.pass(&[op::TUPLE])?;
        self.put_for_nothing(rest)?;
        rest.pass(&[op::BINPERSID])?;
        let offset = usize::try_from(rest.int()?).ok()?;
        let (sizes, strides) = (self.dims_of(rest)?, self.dims_of(rest)?);
        let requires_grad = match rest.u8()? {
            op::NEWTRUE => true,
            op::NEWFALSE => false,
            _ => return None,
        };
        // The machine says what is wrong, or takes the elements apart.
        if (requires_grad && !dtype.is_differentiable()) || dtype.per_byte() > 1 {
            return None;
        }
        // The backward hooks, of which a tensor in a file has none.
        if self.meaning(self.got(rest)?)? != Meaning::OrderedDict {
            return None;
        }
        rest.pass(&[op::EMPTY_TUPLE, op::REDUCE])?;
        self.put_for_nothing(rest)?;
        rest.pass(&[op::TUPLE])?;
        self.put_for_nothing(rest)?;
        rest.pass(&[op::REDUCE])?;
        let name = rest.put()?;

        let words = [kind, location];
        if self.words != Some(words)
            && (self.graph.text(kind) != b"storage" || location.len as usize > LOCATION)
        {
            return None;
        }
        // What is not as expected is read again by the machine, which counts it again.
        self.work_on(&[storage_key, location]).ok()?;
        let nbytes = numel.checked_mul(u64::try_from(dtype.size()).ok()?)?;
        let request = StorageRequest {
            key: storage_text.unwrap_or_else(|| self.graph.str(storage_key)),
            location: self.graph.str(location),
            dtype: Some(dtype),
            nbytes,
            slice: None,
        };
        let storage = self.resolver.resolve(&request).ok()?;
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
        let storage = StorageRef::File(storage);
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        let tensor = self.graph.add_tensor(node, sizes, strides).ok()?;
        if self.words.replace(words) != Some(words) {
            words.into_iter().for_each(|word| self.note_constant(word));
        }
        if let Some(storage_name) = storage_name {
            self.memo.put(storage_name, Raw::Str(storage_key), &mut self.graph.memory).ok()?;
        }
        self.memo.put(name, tensor, &mut self.graph.memory).ok()?;
        Some(tensor)
    }

    /// A location: that of the tensor before, or one with a number, of which each tensor has its own.
    fn location(&mut self, rest: &mut Rest<'_>) -> Option<Text> {
        if rest.pass(&[op::BINUNICODE]).is_some() {
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
    fn dims_of(&mut self, rest: &mut Rest<'_>) -> Option<Dims> {
        let mut dims = Dims { numbers: [0; MAX_RANK], rank: 0 };
        let marked = rest.pass(&[op::MARK]).is_some();
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
