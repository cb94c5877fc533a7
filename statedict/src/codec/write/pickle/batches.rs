//! How CPython cuts the items of a container into batches.

/// How many items CPython puts at most between one MARK and its SETITEMS or APPENDS.
const BATCH: usize = 1000;

/// Which of CPython's loops writes the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A `list` proper: only the sole item of a list is bare.
    List,
    /// A `dict` proper: as for a list, and a multiple of the batch's size ends with an empty batch.
    Dict,
    /// Whatever is iterated, such as an `OrderedDict`: a single item that is left is bare.
    Iterated,
}

/// A run of items that one opcode adds to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    /// How many items.
    pub(super) len: usize,
    /// SETITEM or APPEND without a MARK, rather than MARK … SETITEMS.
    pub(super) bare: bool,
}

/// The batches of so many items.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    rule: Rule,
    total: usize,
    at: usize,
}

impl Batches {
    pub(super) fn new(rule: Rule, items: usize) -> Self {
        Batches { rule, total: items, at: 0 }
    }

    /// How many items the batches so far have.
    pub(super) fn at(&self) -> usize {
        self.at.min(self.total)
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let left = match self.total.checked_sub(self.at)? {
            0 if self.rule == Rule::Dict && self.at > 0 && self.at.is_multiple_of(BATCH) => {
                self.at += 1;
                return Some(Batch { len: 0, bare: false });
            }
            0 => return None,
            left => left,
        };
        let bare = left == 1 && (self.rule == Rule::Iterated || self.total == 1);
        let len = left.min(BATCH);
        self.at += len;
        Some(Batch { len, bare })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(rule: Rule, items: usize) -> Vec<(usize, bool)> {
        Batches::new(rule, items).map(|batch| (batch.len, batch.bare)).collect()
    }

    #[test]
    fn tails_of_what_is_iterated() {
        let cut = |items| cut(Rule::Iterated, items);
        assert_eq!(cut(0), []);
        assert_eq!(cut(1), [(1, true)]);
        assert_eq!(cut(2), [(2, false)]);
        assert_eq!(cut(1000), [(1000, false)]);
        assert_eq!(cut(1001), [(1000, false), (1, true)]);
        assert_eq!(cut(2002), [(1000, false), (1000, false), (2, false)]);
    }

    #[test]
    fn tails_of_dicts_and_lists_proper() {
        assert_eq!(cut(Rule::Dict, 0), []);
        assert_eq!(cut(Rule::List, 0), []);
        assert_eq!(cut(Rule::Dict, 1), [(1, true)]);
        assert_eq!(cut(Rule::List, 1), [(1, true)]);
        assert_eq!(cut(Rule::Dict, 1000), [(1000, false), (0, false)]);
        assert_eq!(cut(Rule::List, 1000), [(1000, false)]);
        assert_eq!(cut(Rule::Dict, 1001), [(1000, false), (1, false)]);
        assert_eq!(cut(Rule::List, 1001), [(1000, false), (1, false)]);
        assert_eq!(cut(Rule::Dict, 2000), [(1000, false), (1000, false), (0, false)]);
    }
}
