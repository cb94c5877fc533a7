//! The texts, bytes and long integers of a graph, as protocol 2 has them.

use crate::codec::write::error::WriteError;
use crate::codec::write::pickle::encoder::Memo;
use crate::codec::write::pickle::graph::GraphPickler;
use crate::codec::write::pickle::pickler::is_constant;
use crate::value::raw::{Raw, Text};

impl GraphPickler<'_, '_> {
    pub(super) fn str(&mut self, value: Raw, text: Text) -> Result<(), WriteError> {
        let content = self.graph.str(text);
        if is_constant(content) && self.graph.is_constant(text) {
            self.pickler.interned(content);
        } else {
            let memo = self.pickler.encoder.string(content);
            self.remember(value, memo);
        }
        Ok(())
    }

    /// A `bytes`, as protocol 2 has it: text that is to be encoded.
    pub(super) fn bytes(&mut self, bytes: Text) -> Result<Memo, WriteError> {
        let content = self.graph.text(bytes);
        if content.is_empty() {
            self.pickler.global("__builtin__", "bytes");
            return Ok(self.pickler.encoder.reduce_without_arguments());
        }
        self.pickler.global("_codecs", "encode");
        match self.graph.text_of(bytes) {
            Some(shared) => self.value(Raw::Str(shared))?,
            None => {
                let text: String = content.iter().copied().map(char::from).collect();
                if u32::try_from(text.len()).is_err() {
                    return Err(WriteError::TooLarge { what: "a bytes object is" });
                }
                self.pickler.encoder.string(&text);
            }
        }
        self.pickler.interned("latin1");
        self.pickler.encoder.tuple_of(2);
        Ok(self.pickler.encoder.reduce())
    }

    pub(super) fn byte_array(&mut self, value: Raw, bytes: Text) -> Result<(), WriteError> {
        self.pickler.global("__builtin__", "bytearray");
        let memo = if bytes.len == 0 {
            self.pickler.encoder.reduce_without_arguments()
        } else {
            // A `bytes` that nothing else has.
            self.bytes(bytes)?;
            self.pickler.encoder.tuple_of(1);
            self.pickler.encoder.reduce()
        };
        self.remember(value, memo);
        Ok(())
    }

    /// An integer that a file may have in very many places. CPython puts none into the memo, and so the first is not.
    pub(super) fn long_integer(&mut self, text: Text, bytes: &[u8]) {
        let written = self.integers.get(&text.start).copied();
        if let Some(Some(memo)) = written {
            return self.pickler.encoder.get(memo);
        }
        self.pickler.encoder.long(bytes);
        let memo = written.map(|_| self.pickler.encoder.put());
        self.integers.insert(text.start, memo);
    }
}
