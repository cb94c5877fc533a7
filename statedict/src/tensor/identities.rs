//! Storages by their identity.

use std::collections::hash_map::Entry;

use foldhash::HashMap;

/// A map by what [`Storage::identity`](crate::tensor::Storage::identity) gives.
pub(crate) type Identities<T> = HashMap<(usize, u32), T>;

/// Numbers storages by their first use.
///
/// A file's storages mostly come in the order of their identities, and as long as they do nothing need
/// be looked up: what comes after the last is new.
#[derive(Default)]
pub(crate) struct Numbering {
    count: u32,
    last: Option<(usize, u32)>,
    /// The numbers of all, once one has come out of order.
    numbers: Option<Identities<u32>>,
}

impl Numbering {
    /// The number of the storage with this identity, where it has one already; otherwise the next one
    /// becomes its number. `known` are the identities of those so far.
    pub(crate) fn known(
        &mut self,
        identity: (usize, u32),
        known: impl Iterator<Item = (usize, u32)>,
    ) -> Option<u32> {
        let number = self.count;
        if self.numbers.is_none() {
            if self.last < Some(identity) {
                self.last = Some(identity);
                self.count += 1;
                return None;
            }
            if self.last == Some(identity) {
                return self.count.checked_sub(1);
            }
        }
        let numbers = self.numbers.get_or_insert_with(|| known.zip(0..).collect());
        match numbers.entry(identity) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(place) => {
                place.insert(number);
                self.count += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_by_first_use_in_any_order() {
        let uses = [(1, 0), (1, 1), (1, 1), (1, 5), (1, 1), (2, 0), (0, 7), (1, 0), (0, 7), (9, 9)];
        let mut numbering = Numbering::default();
        let mut known: Vec<(usize, u32)> = Vec::new();
        let numbers: Vec<u32> = uses
            .into_iter()
            .map(|identity| {
                numbering.known(identity, known.iter().copied()).unwrap_or_else(|| {
                    known.push(identity);
                    u32::try_from(known.len() - 1).unwrap()
                })
            })
            .collect();
        assert_eq!(numbers, [0, 1, 1, 2, 1, 3, 4, 0, 4, 5]);
    }
}
