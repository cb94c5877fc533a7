//! What comparing two files may cost: a small multiple of their sizes.

use statedict::contents::{Elements, Parts, Step};
use statedict::value::{Dict, Value};

use super::pairs::{Pair, is_lazy};
use crate::failure::Failure;
use crate::leaf::Texts;
use crate::numbers::Allowance;

/// The memory of a pair of parts that waits to be compared, with its names.
const PAIR: u64 = 360;
/// The memory of a value that was met: its identity in either file, and its place.
const VALUE: u64 = 200;
/// The memory of a difference, and of each step of its path.
const DIFFERENCE: u64 = 400;
const STEP: u64 = 40;

/// The work and memory that comparing may still take.
pub(super) struct Budget {
    /// The number of pairs, and of bytes of keys, that may still be looked at.
    work: u64,
    /// The number of bytes that may still be taken.
    memory: u64,
    /// Of the tensors that are read.
    pub(super) elements: Allowance,
    /// Of what may be told of both files.
    pub(super) texts: Texts,
}

impl Budget {
    /// The budget for files of that size together.
    pub(super) fn of(len: u64) -> Self {
        Budget {
            work: len.saturating_mul(64).saturating_add(1 << 22),
            memory: len.saturating_mul(6).saturating_add(1 << 23),
            elements: Allowance::of(len),
            texts: Texts::of(len),
        }
    }

    fn work(&mut self, count: u64) -> Result<(), Failure> {
        let left = self.work.checked_sub(count);
        self.work =
            left.ok_or("the files share too many values in too many ways to be compared")?;
        Ok(())
    }

    fn memory(&mut self, bytes: u64) -> Result<(), Failure> {
        let left = self.memory.checked_sub(bytes);
        self.memory = left.ok_or(
            "comparing the files takes more memory than their sizes explain; compare parts of them, \
             which `statedict convert --at` writes",
        )?;
        Ok(())
    }

    /// Counts a pair, of which no text may have been cut: cut texts look alike.
    pub(super) fn pair(&mut self, pair: Option<&Pair<'_>>) -> Result<(), Failure> {
        if self.texts.is_cut() {
            return Err("the files have long texts in too many places to be compared".into());
        }
        let step = match pair {
            Some(Pair::Both((step, _), _) | Pair::Removed((step, _)) | Pair::Added((step, _))) => {
                step
            }
            None => return Ok(()),
        };
        let text = match step {
            Step::Key(key) => key.text_len(),
            Step::Attribute(name) => name.len(),
            _ => 0,
        };
        // A digest looks at the key again, and so does a name.
        self.work(u64::try_from(text)?.saturating_mul(2).saturating_add(1))
    }

    /// Counts the dimensions of tensors that are compared.
    pub(super) fn dims(&mut self, count: usize) -> Result<(), Failure> {
        self.work(u64::try_from(count)?)
    }

    /// Counts a value that was met.
    pub(super) fn value(&mut self) -> Result<(), Failure> {
        self.memory(VALUE)
    }

    /// Counts the parts of two values, all of which are paired at once unless they can be one by one. Returns what
    /// that takes until they are closed.
    pub(super) fn open(&mut self, a: &Parts<'_>, b: &Parts<'_>) -> Result<u64, Failure> {
        let mut keys = 0usize;
        for parts in [a, b] {
            if let Some(Elements::Entries(dict)) = parts.elements() {
                keys = keys.saturating_add(keys_len(dict));
            }
        }
        self.work(u64::try_from(keys)?)?;
        let held = u64::try_from(waiting(a, b))?.saturating_mul(PAIR);
        self.memory(held)?;
        Ok(held)
    }

    /// Notes that pairs have been compared.
    pub(super) fn close(&mut self, held: u64) {
        self.memory = self.memory.saturating_add(held);
    }

    /// Counts a difference, with the steps of its path. That there are too many is told with the next pair.
    pub(super) fn difference(&mut self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX).saturating_mul(STEP);
        self.memory = self.memory.saturating_sub(DIFFERENCE.saturating_add(steps));
        if self.memory == 0 {
            self.work = 0;
        }
    }
}

/// The bytes of all keys of a dict.
fn keys_len(dict: Dict<'_>) -> usize {
    dict.iter().fold(0, |sum: usize, (key, _): (Value<'_>, _)| sum.saturating_add(key.text_len()))
}

/// Returns how many pairs of parts of two values wait together.
fn waiting(a: &Parts<'_>, b: &Parts<'_>) -> usize {
    let named = a.named_len().saturating_add(b.named_len());
    match is_lazy(a, b) {
        true => named,
        false => named.saturating_add(elements(a)).saturating_add(elements(b)),
    }
}

fn elements(parts: &Parts<'_>) -> usize {
    match parts.elements() {
        None => 0,
        Some(Elements::Items(items) | Elements::Members(items)) => items.len(),
        Some(Elements::Entries(dict)) => dict.len(),
    }
}
