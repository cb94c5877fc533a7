//! `.data/serialization_id`: a hash of the records' names and one of their checksums.
//!
//! PyTorch folds `std::hash` of the names in the order in which a C++ `unordered_set` lists them,
//! so the number depends on the C++ library. Here it is that of libstdc++, PyTorch's on Linux.

use crate::codec::write::archive::plan::Record;

/// The record's 40 digits. `names` are those of all records before it, `checksums` the fold of theirs.
pub(super) fn serialization_id(names: &[Record], checksums: Fold) -> String {
    format!("{:020}{:020}", hash_of_names(names).0, checksums.0)
}

/// Numbers folded into one, as `c10::hash_combine`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fold(u64);

impl Fold {
    pub(super) fn add(&mut self, value: u64) {
        let seed = self.0;
        let mixed = value.wrapping_add(0x9e37_79b9).wrapping_add(seed << 6).wrapping_add(seed >> 2);
        self.0 = seed ^ mixed;
    }
}

fn hash_of_names(records: &[Record]) -> Fold {
    let mut names = Names::with_capacity(records.len());
    let mut name = Vec::new();
    for record in records {
        name.clear();
        record.name.push_to(&mut name);
        names.insert(hash_bytes(&name));
    }
    let mut fold = Fold::default();
    names.iter().for_each(|hash| fold.add(hash));
    fold
}

/// `std::hash<std::string>` of libstdc++ on 64-bit systems (`_Hash_bytes`).
fn hash_bytes(bytes: &[u8]) -> u64 {
    const MUL: u64 = 0xc6a4_a793_5bd1_e995;
    const SEED: u64 = 0xc70f_6907;
    let mix = |value: u64| value ^ (value >> 47);
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(MUL);
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        let data = mix(u64::from_le_bytes(*word).wrapping_mul(MUL)).wrapping_mul(MUL);
        hash = (hash ^ data).wrapping_mul(MUL);
    }
    if !tail.is_empty() {
        let data = tail.iter().rev().fold(0, |data, &byte| data << 8 | u64::from(byte));
        hash = (hash ^ data).wrapping_mul(MUL);
    }
    mix(mix(hash).wrapping_mul(MUL))
}

/// The numbers of buckets through which a growing `unordered_set` goes.
const BUCKETS: [u64; 28] = [
    1,
    13,
    29,
    59,
    127,
    257,
    541,
    1109,
    2357,
    5087,
    10_273,
    20_753,
    42_043,
    85_229,
    172_933,
    351_061,
    712_697,
    1_447_153,
    2_938_679,
    5_967_347,
    12_117_689,
    24_607_243,
    49_969_847,
    101_473_717,
    206_062_531,
    418_451_333,
    849_749_479,
    1_725_587_117,
];

/// An `unordered_set` of distinct strings as far as its order goes: a singly linked list, and for
/// each bucket the node before its first one.
struct Names {
    /// The hash of each node, and the node after it. Node 0 is the list's head and has no hash.
    nodes: Vec<(u64, usize)>,
    /// The node before the first of each bucket.
    buckets: Vec<Option<usize>>,
}

/// The node that is none.
const END: usize = 0;
const HEAD: usize = 0;

impl Names {
    fn with_capacity(names: usize) -> Names {
        let mut nodes = Vec::with_capacity(names + 1);
        nodes.push((0, END));
        Names { nodes, buckets: vec![None] }
    }

    fn insert(&mut self, hash: u64) {
        let node = self.nodes.len();
        self.nodes.push((hash, END));
        // The set grows before it holds more elements than buckets; `node` counts this one.
        if node > self.buckets.len() || self.buckets.len() == 1 {
            let grown = BUCKETS.iter().find(|&&count| count > self.buckets.len() as u64);
            if let Some(count) = grown.and_then(|&count| usize::try_from(count).ok()) {
                self.rehash(count);
            }
        }
        self.link(node);
    }

    /// Puts a node at the front of its bucket, and a bucket's first one at the front of the list.
    fn link(&mut self, node: usize) {
        let bucket = self.bucket_of(node);
        match self.buckets.get(bucket).copied().flatten() {
            Some(before) => {
                let next = self.next(before);
                self.set_next(node, next);
                self.set_next(before, node);
            }
            None => {
                let next = self.next(HEAD);
                self.set_next(node, next);
                self.set_next(HEAD, node);
                if next != END {
                    let moved = self.bucket_of(next);
                    self.set_before(moved, node);
                }
                self.set_before(bucket, HEAD);
            }
        }
    }

    /// Links all nodes anew, in the order of the list.
    fn rehash(&mut self, count: usize) {
        self.buckets.clear();
        self.buckets.resize(count, None);
        let mut node = self.next(HEAD);
        self.set_next(HEAD, END);
        while node != END {
            let next = self.next(node);
            self.link(node);
            node = next;
        }
    }

    /// The hashes in the order of the list.
    fn iter(&self) -> impl Iterator<Item = u64> {
        let first = Some(self.next(HEAD)).filter(|&node| node != END);
        std::iter::successors(first, |&node| Some(self.next(node)).filter(|&next| next != END))
            .filter_map(|node| self.nodes.get(node).map(|(hash, _)| *hash))
    }

    fn bucket_of(&self, node: usize) -> usize {
        let hash = self.nodes.get(node).map_or(0, |(hash, _)| *hash);
        let count = self.buckets.len() as u64;
        // Less than the number of buckets.
        usize::try_from(hash.checked_rem(count).unwrap_or(0)).unwrap_or(0)
    }

    fn next(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(END, |(_, next)| *next)
    }

    fn set_next(&mut self, node: usize, next: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.1 = next;
        }
    }

    fn set_before(&mut self, bucket: usize, node: usize) {
        if let Some(before) = self.buckets.get_mut(bucket) {
            *before = Some(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::write::archive::plan::Plan;
    use crate::codec::write::options::ArchiveLayout;

    use super::*;

    /// What PyTorch 2.15 writes for so many storages.
    #[test]
    fn names_hash_as_in_pytorch() {
        for (storages, expected) in [
            (0, "02908468677762923104"),
            (1, "15728199511854643026"),
            (2, "05611085236196705294"),
            (3, "08494888479650487350"),
            (7, "06895295647852065578"),
        ] {
            let sizes = vec![4; storages].into_iter();
            let plan = Plan::new("a".into(), ArchiveLayout::Torch2_7, 64, 10, sizes).unwrap();
            let (_, names) = plan.records.split_last().unwrap();
            let id = serialization_id(names, Fold::default());
            assert!(id.starts_with(expected), "{storages} storages: {id}");
        }
    }
}
