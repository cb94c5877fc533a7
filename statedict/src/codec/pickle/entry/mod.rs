//! An entry of a state dict or of its `_metadata` as PyTorch writes it, in one step.
//!
//! A tensor is some forty opcodes, in nearly every file the same ones. The machine would make and take
//! away five tuples and an empty dict for each; that, and not the bytes, is what opening a large file
//! would cost. Here an entry is matched as a whole. What is not exactly as expected changes nothing and
//! is left to the machine, opcode by opcode, its errors included.

mod module;
mod rest;
mod tensor;

use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::opcode as op;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::raw::Raw;
use rest::Rest;

impl<R: StorageResolver> Machine<'_, R> {
    /// Reads an entry, after the opcode with which its key starts; whether there was one.
    pub(super) fn entry(&mut self) -> bool {
        let rest = Rest::new(self.input.rest(), self.graph.source_len());
        self.matched_entry(rest).is_some()
    }

    fn matched_entry(&mut self, mut rest: Rest<'_>) -> Option<()> {
        let (key, _) = rest.text()?;
        self.put_for_nothing(&mut rest)?;
        let value = match rest.pass(&[op::EMPTY_DICT]) {
            Some(()) => self.module(&mut rest)?,
            None => self.tensor(&mut rest)?,
        };
        self.graph.memory.reserve(&mut self.stack, 2).ok()?;
        self.stack.extend([Raw::Str(key), value]);
        self.input.set_rest(rest.bytes());
        Some(())
    }

    /// Passes over the naming of something that will not be used by its name.
    fn put_for_nothing(&mut self, rest: &mut Rest<'_>) -> Option<()> {
        let name = rest.put()?;
        self.memo.pass_over(name).then_some(())
    }

    /// What is taken out of the memo.
    fn got(&self, rest: &mut Rest<'_>) -> Option<Raw> {
        let name = match rest.u8()? {
            op::BINGET => rest.u8()?.into(),
            op::LONG_BINGET => u32::from_le_bytes(rest.array()?).into(),
            _ => return None,
        };
        self.memo.get(name).ok().flatten()
    }
}
