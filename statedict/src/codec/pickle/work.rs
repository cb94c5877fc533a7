//! Counting what a pickle has looked at or copied again: without, a small file could take any time.

use crate::codec::pickle::fault::{Fault, Problem};
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::Value;
use crate::value::raw::{Raw, Text};

impl<R: StorageResolver> Machine<'_, R> {
    /// Counts values or bytes that are looked at or copied again: what a small file could make large. It is
    /// to be asked before.
    pub(super) fn work(&mut self, count: usize) -> Result<(), Fault> {
        self.worked = self.worked.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let (needed, allowed) = (self.worked, self.limits.work);
        if needed > allowed {
            return Err(Problem::Limit { limit: "work", allowed, needed }.into());
        }
        Ok(())
    }

    /// Counts texts that are looked at again.
    pub(super) fn work_on(&mut self, texts: &[Text]) -> Result<(), Fault> {
        let bytes =
            texts.iter().fold(0usize, |bytes, text| bytes.saturating_add(text.len as usize));
        self.work(bytes)
    }

    /// Counts a value that is described.
    pub(super) fn work_on_value(&mut self, value: Raw) -> Result<(), Fault> {
        self.work(Value::new(&self.graph, value).text_len())
    }

    /// Copies bytes into the graph, within the limit.
    pub(super) fn copy_bytes(&mut self, bytes: &[u8]) -> Result<Text, Fault> {
        self.work(bytes.len())?;
        Ok(self.graph.add_bytes(bytes)?)
    }
}
