//! What a scan may find: how many names and texts, and how much memory it takes to find them.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::codec::pickle::verdict::Verdict;
use crate::value::Memory;

/// A class or function that a pickle names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedGlobal {
    pub(super) module: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) offset: u64,
    pub(super) opcode: &'static str,
    pub(super) verdict: Verdict,
}

impl ScannedGlobal {
    /// The module; empty where it is not in the pickle in plain text.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The name within the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where the opcode is that names it, in bytes from the start of the pickle.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The opcode, as Python's `pickletools` calls it.
    pub fn opcode(&self) -> &'static str {
        self.opcode
    }

    /// Returns what it means for who would load the file.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// A text that is longer is kept once, however often it is used.
const SHORT: usize = 64;
/// The memory of a kept text besides its bytes, in a map that has just doubled.
const KEPT: usize = 96;
/// The memory of a scanned pickle besides the names in it.
const PICKLE: usize = 256;

/// What scanning a file may still cost: a small multiple of its size, for all its pickles together, whatever
/// they name and however often.
pub(crate) struct ScanLimits {
    /// The number of classes and functions that may still be named.
    names: u64,
    /// The number of bytes that their names may still have.
    texts: u64,
    pub(super) memory: Memory,
}

impl ScanLimits {
    /// The limits for a file of that size.
    pub(crate) fn for_file(len: u64) -> Self {
        ScanLimits {
            names: (len / 16).saturating_add(4096),
            texts: len.saturating_mul(4).saturating_add(1 << 16),
            memory: Memory::new(len.saturating_mul(12).saturating_add(8 << 20)),
        }
    }

    /// Counts a pickle, with what it is called. Returns `false` where there are too many.
    pub(crate) fn pickle(&mut self, name: &str) -> bool {
        self.memory.take(PICKLE.saturating_add(name.len())).is_ok()
    }

    /// Counts a class or function that is named.
    pub(super) fn name(&mut self) -> Option<()> {
        self.names = self.names.checked_sub(1)?;
        Some(())
    }

    /// Counts a text that is part of a name.
    pub(super) fn text(&mut self, len: usize) -> Option<()> {
        self.texts = self.texts.checked_sub(u64::try_from(len).ok()?)?;
        Some(())
    }
}

/// The texts of one pickle that are parts of names.
#[derive(Default)]
pub(super) struct Texts(HashMap<(usize, usize), Arc<str>>);

impl Texts {
    /// The text at a place of the pickle.
    pub(super) fn at(&mut self, place: &[u8], text: &str, memory: &mut Memory) -> Option<Arc<str>> {
        let key = (place.as_ptr().addr(), place.len());
        if let Some(known) = self.0.get(&key) {
            return Some(Arc::clone(known));
        }
        memory.take(text.len().saturating_add(KEPT)).ok()?;
        let text: Arc<str> = text.into();
        if place.len() > SHORT {
            if self.0.is_empty() {
                self.0 = HashMap::new();
            }
            self.0.insert(key, Arc::clone(&text));
        }
        Some(text)
    }
}
