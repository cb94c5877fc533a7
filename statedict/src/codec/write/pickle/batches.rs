//! How CPython cuts the items of a dict into batches.

/// How many items CPython puts at most between one MARK and its SETITEMS.
const BATCH: usize = 1000;

/// A run of items that one opcode adds to a dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    /// How many items.
    pub(super) len: usize,
    /// SETITEM without a MARK, rather than MARK … SETITEMS.
    pub(super) bare: bool,
}

/// The batches of an `OrderedDict`, which CPython iterates: a single item that is left is bare.
/// (A `dict` proper differs beyond one item: what is left is never bare, and a multiple of the
/// batch's size ends with an empty batch. A state dict holds none with more than two items.)
pub(super) fn of_ordered_dict(items: usize) -> impl Iterator<Item = Batch> {
    let last = items % BATCH;
    let full = std::iter::repeat_n(Batch { len: BATCH, bare: false }, items / BATCH);
    full.chain((last > 0).then_some(Batch { len: last, bare: last == 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails() {
        let cut = |items| -> Vec<(usize, bool)> {
            of_ordered_dict(items).map(|batch| (batch.len, batch.bare)).collect()
        };
        assert_eq!(cut(0), []);
        assert_eq!(cut(1), [(1, true)]);
        assert_eq!(cut(2), [(2, false)]);
        assert_eq!(cut(1000), [(1000, false)]);
        assert_eq!(cut(1001), [(1000, false), (1, true)]);
        assert_eq!(cut(2002), [(1000, false), (1000, false), (2, false)]);
    }
}
