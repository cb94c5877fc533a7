//! Files within a pickle: how `pickle.dump` keeps a storage, as the bytes of a file of its own.

use std::sync::Arc;

use crate::codec::pickle::fault::Fault;
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::Bytes;
use crate::value::raw::{Raw, StorageRef, Text};

/// The memory of a file within a pickle: its directory and its storage.
const NESTED: usize = 1024;

/// A part of a pickle's bytes, which keeps them.
struct Part {
    whole: Bytes,
    start: usize,
    len: usize,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        let end = self.start.saturating_add(self.len);
        (*self.whole).as_ref().get(self.start..end).unwrap_or_default()
    }
}

impl<R: StorageResolver> Machine<'_, R> {
    /// `torch.storage._load_from_bytes(file)`.
    pub(super) fn load_from_bytes(&mut self, file: Text) -> Result<Raw, Fault> {
        self.work(file.len as usize)?;
        self.graph.memory.take(NESTED)?;
        let content = self.graph.text(file);
        let len = content.len();
        // The same bytes may be given many times, and are read each time, as PyTorch does.
        let (start, source_len) = (file.start as usize, self.graph.source_len());
        let bytes: Bytes = match start < source_len {
            true => Arc::new(Part { whole: Arc::clone(self.source), start, len }),
            false => {
                let content = content.to_vec();
                self.graph.memory.take(len)?;
                Arc::new(content)
            }
        };
        let (index, dtype) = self.resolver.nested(bytes)?;
        Ok(Raw::Storage(StorageRef::File(index), dtype))
    }
}
