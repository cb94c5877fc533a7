//! A memo that keeps every value, but for those that were never made.

use std::cell::Cell;

use crate::codec::pickle::memo::name::NotKept;
use crate::huge_pages;
use crate::value::Memory;
use crate::value::raw::Raw;

/// The names up to here have a place of their own: those that nearly every entry uses are among them.
const LOW: usize = 256;
/// So many others are kept in any pickle.
const FEW: usize = 4096;
/// Of a large pickle, a name in so many bytes: a state dict keeps two a tensor, and an entry of a tensor takes
/// 110 bytes or more. What keeps more is better scanned.
const BYTES_A_NAME: usize = 32;

/// There is room for a name in so many bytes, which is what a state dict keeps.
const BYTES_A_USUAL_NAME: usize = 80;

/// The memo of a pickle of which it is not known which names are used.
pub(in crate::codec::pickle) struct Kept {
    low: Vec<Option<Raw>>,
    /// The other names in ascending order, in which all writers give them.
    high: Vec<(u64, Raw)>,
    /// Where in `high` a name was found before: often the next is the same.
    found: Cell<usize>,
    most: usize,
    /// How many names have values here.
    count: u64,
    /// Whether there are names that have none.
    passed: bool,
}

impl Kept {
    pub(super) fn new(pickle_len: usize) -> Self {
        Kept {
            low: Vec::with_capacity(LOW),
            high: huge_pages::buffer(pickle_len / BYTES_A_USUAL_NAME),
            found: Cell::new(0),
            most: FEW.saturating_add(pickle_len / BYTES_A_NAME),
            count: 0,
            passed: false,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.high.capacity().saturating_mul(size_of::<(u64, Raw)>())
    }

    /// The index of a name below [`LOW`].
    fn low(name: u64) -> Option<usize> {
        usize::try_from(name).ok().filter(|&name| name < LOW)
    }

    /// Where in `high` a name is.
    fn search(&self, name: u64) -> Result<usize, usize> {
        let last = self.found.get();
        if self.high.get(last).is_some_and(|(found, _)| *found == name) {
            return Ok(last);
        }
        if self.high.last().is_none_or(|(last, _)| *last < name) {
            return Err(self.high.len());
        }
        let index = self.high.binary_search_by_key(&name, |(name, _)| *name)?;
        self.found.set(index);
        Ok(index)
    }

    pub(super) fn put(
        &mut self,
        name: u64,
        value: Raw,
        memory: &mut Memory,
    ) -> Result<(), NotKept> {
        let known = if let Some(index) = Kept::low(name) {
            if self.low.len() <= index {
                self.low.resize(index.saturating_add(1), None);
            }
            self.low.get_mut(index).and_then(|place| place.replace(value)).is_some()
        } else {
            match self.search(name) {
                Ok(index) => {
                    if let Some((_, place)) = self.high.get_mut(index) {
                        *place = value;
                    }
                    true
                }
                // Whose names go up and down is not worth the moving.
                Err(index) if index < self.high.len() || index >= self.most => {
                    return Err(NotKept::NeedsScan);
                }
                Err(_) => {
                    memory.push(&mut self.high, (name, value))?;
                    false
                }
            }
        };
        if !known {
            self.count = self.count.saturating_add(1);
        }
        Ok(())
    }

    pub(super) fn put_next(&mut self, value: Raw, memory: &mut Memory) -> Result<(), NotKept> {
        match self.passed {
            true => Err(NotKept::NeedsScan),
            false => self.put(self.count, value, memory),
        }
    }

    pub(super) fn pass_over(&mut self, name: u64) -> bool {
        let known = match Kept::low(name) {
            Some(index) => self.low.get(index).is_some_and(Option::is_some),
            None => self.search(name).is_ok(),
        };
        self.passed |= !known;
        !known
    }

    pub(super) fn get(&self, name: u64) -> Result<Option<Raw>, NotKept> {
        let found = match Kept::low(name) {
            Some(index) => self.low.get(index).copied().flatten(),
            None => {
                self.search(name).ok().and_then(|index| self.high.get(index)).map(|(_, raw)| *raw)
            }
        };
        match found {
            None if self.passed => Err(NotKept::NeedsScan),
            found => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_over_cannot_be_had() {
        for base in [0, 1000] {
            let mut memo = Kept::new(0);
            let memory = &mut Memory::unlimited();
            assert_eq!(memo.get(base), Ok(None));
            memo.put(base, Raw::Int(0), memory).unwrap();
            assert!(memo.pass_over(base + 1));
            memo.put(base + 2, Raw::Int(2), memory).unwrap();
            assert_eq!(memo.get(base), Ok(Some(Raw::Int(0))));
            assert_eq!(memo.get(base + 2), Ok(Some(Raw::Int(2))));
            assert_eq!(memo.get(base + 1), Err(NotKept::NeedsScan));
            assert_eq!(memo.put_next(Raw::None, memory), Err(NotKept::NeedsScan));
        }
    }

    #[test]
    fn a_name_that_has_a_value_is_not_passed_over() {
        for name in [7, 7000] {
            let mut memo = Kept::new(0);
            let memory = &mut Memory::unlimited();
            memo.put(name, Raw::Int(1), memory).unwrap();
            assert!(!memo.pass_over(name));
            memo.put(name, Raw::Int(2), memory).unwrap();
            assert_eq!(memo.get(name), Ok(Some(Raw::Int(2))));
        }
    }

    #[test]
    fn the_next_name_is_the_number_of_names() {
        let mut memo = Kept::new(0);
        let memory = &mut Memory::unlimited();
        for number in 0..1000 {
            memo.put_next(Raw::Int(number), memory).unwrap();
            memo.put(0, Raw::Int(-1), memory).unwrap();
        }
        assert_eq!(memo.get(999), Ok(Some(Raw::Int(999))));
        assert_eq!(memo.get(1000), Ok(None));
    }

    #[test]
    fn a_pickle_that_keeps_too_much_needs_a_scan() {
        let mut memo = Kept::new(BYTES_A_NAME);
        let put = |memo: &mut Kept, name| memo.put(name, Raw::None, &mut Memory::unlimited());
        let names = 1000..1001 + FEW as u64;
        assert!(names.clone().all(|name| put(&mut memo, name).is_ok()));
        assert_eq!(put(&mut memo, names.end), Err(NotKept::NeedsScan));
        assert_eq!(put(&mut memo, 300), Err(NotKept::NeedsScan));
        assert_eq!(put(&mut memo, 1000), Ok(()));
    }
}
