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
/// each bucket the node before its first one. Nodes are numbered from 1; 0 is the list's head where
/// a node precedes, and no node where one follows. Their numbers fit 32 bits as those of records do,
/// which matters: with a million names this is mostly waiting for memory.
struct Names {
    hashes: Vec<u64>,
    next: Vec<u32>,
    before: Vec<u32>,
}

const HEAD: u32 = 0;
const END: u32 = 0;
/// The node before the first of a bucket that is empty.
const EMPTY: u32 = u32::MAX;

impl Names {
    fn with_capacity(names: usize) -> Names {
        let mut hashes = Vec::with_capacity(names + 1);
        let mut next = Vec::with_capacity(names + 1);
        hashes.push(0);
        next.push(END);
        Names { hashes, next, before: vec![EMPTY] }
    }

    fn insert(&mut self, hash: u64) {
        let count = self.hashes.len();
        self.hashes.push(hash);
        self.next.push(END);
        // The set grows before it holds more elements than buckets; `count` has this one in it.
        if count > self.before.len() || self.before.len() == 1 {
            let grown = BUCKETS.iter().find(|&&buckets| buckets > self.before.len() as u64);
            if let Some(buckets) = grown.and_then(|&buckets| usize::try_from(buckets).ok()) {
                self.rehash(buckets);
            }
        }
        if let Ok(node) = u32::try_from(count) {
            self.link(node);
        }
    }

    /// Puts a node at the front of its bucket, and a bucket's first one at the front of the list.
    fn link(&mut self, node: u32) {
        let bucket = self.bucket_of(node);
        let before = self.before.get(bucket).copied().unwrap_or(EMPTY);
        if before == EMPTY {
            let next = self.next(HEAD);
            self.set_next(node, next);
            self.set_next(HEAD, node);
            if next != END {
                let moved = self.bucket_of(next);
                self.set_before(moved, node);
            }
            self.set_before(bucket, HEAD);
        } else {
            let next = self.next(before);
            self.set_next(node, next);
            self.set_next(before, node);
        }
    }

    /// Links all nodes anew, in the order of the list.
    fn rehash(&mut self, buckets: usize) {
        self.before.clear();
        self.before.resize(buckets, EMPTY);
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
        let following = |node| Some(self.next(node)).filter(|&next| next != END);
        std::iter::successors(following(HEAD), move |&node| following(node))
            .map(|node| self.hash(node))
    }

    fn hash(&self, node: u32) -> u64 {
        self.hashes.get(node as usize).copied().unwrap_or(0)
    }

    fn bucket_of(&self, node: u32) -> usize {
        let bucket = self.hash(node).checked_rem(self.before.len() as u64);
        // Less than the number of buckets.
        bucket.and_then(|bucket| usize::try_from(bucket).ok()).unwrap_or(0)
    }

    fn next(&self, node: u32) -> u32 {
        self.next.get(node as usize).copied().unwrap_or(END)
    }

    fn set_next(&mut self, node: u32, next: u32) {
        if let Some(place) = self.next.get_mut(node as usize) {
            *place = next;
        }
    }

    fn set_before(&mut self, bucket: usize, node: u32) {
        if let Some(place) = self.before.get_mut(bucket) {
            *place = node;
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
