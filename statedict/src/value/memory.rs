//! The account of the memory that values take.

use crate::huge_pages;

/// The store has no room.
#[derive(Debug, PartialEq)]
pub(crate) enum Full {
    /// Its indices have 32 bits.
    Indices,
    /// So many bytes are allowed, and at least so many would be needed.
    Memory { allowed: u64, needed: u64 },
}

impl Full {
    /// Returns how much is allowed.
    pub(crate) fn allowed(&self) -> u64 {
        match self {
            Full::Indices => u32::MAX.into(),
            Full::Memory { allowed, .. } => *allowed,
        }
    }
}

/// Room for fewer bytes than this is not worth moving a table for.
const PAGE: usize = 4096;

/// An account of memory: what is allowed, and what was taken. What a file makes large is allocated through it,
/// so that a table grows no further than allowed, and an allocation that fails is an error.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    allowed: usize,
    taken: usize,
    /// The bytes that were left, and those taken, when the limit was lifted.
    lifted: Option<(usize, usize)>,
}

impl Memory {
    pub(crate) fn new(allowed: u64) -> Self {
        Memory { allowed: usize::try_from(allowed).unwrap_or(usize::MAX), taken: 0, lifted: None }
    }

    /// An account for values that a program makes, not a file.
    pub(crate) fn unlimited() -> Self {
        Memory::new(u64::MAX)
    }

    /// Lifts the limit.
    pub(crate) fn lift(&mut self) {
        self.lifted = Some((self.left(), self.taken));
        self.allowed = usize::MAX;
    }

    /// What was left when the limit was lifted, and what was taken since; of values that no file limits, `None`.
    pub(crate) fn since_lifted(&self) -> Option<(usize, usize)> {
        self.lifted.map(|(left, taken)| (left, self.taken.saturating_sub(taken)))
    }

    /// Returns how many bytes were taken.
    pub(crate) fn taken(&self) -> u64 {
        u64::try_from(self.taken).unwrap_or(u64::MAX)
    }

    /// Returns how many bytes may still be taken.
    pub(crate) fn left(&self) -> usize {
        self.allowed.saturating_sub(self.taken)
    }

    /// Notes that so many bytes are taken.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes > self.left() {
            return Err(self.full(bytes));
        }
        self.taken = self.taken.saturating_add(bytes);
        Ok(())
    }

    /// Notes that so many bytes were given back.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_sub(bytes);
    }

    /// What so many more bytes are too much for.
    #[cold]
    pub(crate) fn full(&self, bytes: usize) -> Full {
        let number = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let needed = number(self.taken).saturating_add(number(bytes));
        Full::Memory { allowed: number(self.allowed), needed }
    }

    /// An empty table with room for so many elements, or for none where that is more than allowed.
    pub(crate) fn table<T>(&mut self, capacity: usize) -> Vec<T> {
        match self.take(capacity.saturating_mul(size_of::<T>())) {
            Ok(()) => huge_pages::buffer(capacity),
            Err(_) => Vec::new(),
        }
    }

    /// Makes room for more elements.
    #[inline]
    pub(crate) fn reserve<T>(&mut self, table: &mut Vec<T>, more: usize) -> Result<(), Full> {
        match table.capacity().wrapping_sub(table.len()) >= more {
            true => Ok(()),
            false => self.grow(table, more),
        }
    }

    /// Pushes an element.
    #[inline]
    pub(crate) fn push<T>(&mut self, table: &mut Vec<T>, element: T) -> Result<(), Full> {
        self.reserve(table, 1)?;
        table.push(element);
        Ok(())
    }

    /// Doubles a table, or adds as much as still leaves room for the others.
    #[cold]
    fn grow<T>(&mut self, table: &mut Vec<T>, more: usize) -> Result<(), Full> {
        let size = size_of::<T>().max(1);
        let (len, capacity) = (table.len(), table.capacity());
        let least = len.saturating_add(more).saturating_sub(capacity);
        let left = self.left() / size;
        if least > left {
            return Err(self.full(least.saturating_mul(size)));
        }
        let worth = capacity.max(64).min(left / 4).max(PAGE / size);
        let added = worth.max(least).min(left);
        let room = capacity.saturating_add(added).saturating_sub(len);
        let failed = |_| self.full(added.saturating_mul(size));
        table.try_reserve_exact(room).map_err(failed)?;
        let grown = table.capacity().saturating_sub(capacity);
        self.taken = self.taken.saturating_add(grown.saturating_mul(size));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_share_what_is_allowed() {
        let mut memory = Memory::new(100_000);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let both = (0u64..).take_while(|&number| {
            memory.push(&mut a, number).is_ok() && memory.push(&mut b, number).is_ok()
        });
        let count = both.count();
        assert!(count * 16 > 85_000, "{count}");
        assert!((a.capacity() + b.capacity()) * 8 <= 100_000);
        let full = memory.push(&mut a, 0).and_then(|()| memory.push(&mut b, 0)).unwrap_err();
        assert!(matches!(full, Full::Memory { allowed: 100_000, needed } if needed > 100_000));
    }

    #[test]
    fn what_cannot_be_allocated_is_an_error() {
        let mut memory = Memory::unlimited();
        let mut table: Vec<u64> = Vec::new();
        assert!(memory.reserve(&mut table, isize::MAX as usize / 8).is_err());
        assert!(memory.take(usize::MAX).is_err() || memory.left() == 0);
    }
}
