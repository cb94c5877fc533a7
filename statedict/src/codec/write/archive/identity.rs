//! `.data/serialization_id`: a hash of the records' names and one of their checksums.
//!
//! PyTorch folds `std::hash` of the names in the order in which a C++ `unordered_set` lists them,
//! so the number depends on the C++ library. Here it is that of libstdc++, PyTorch's on Linux.

use crate::codec::write::archive::name::{RecordName, Spelling};
use crate::codec::write::archive::plan::Plan;
use crate::codec::write::archive::unordered;

/// The record's 40 digits, of the folds of the names and of the checksums of all records before it.
pub(super) fn serialization_id(names: Fold, checksums: Fold) -> String {
    format!("{:020}{:020}", names.0, checksums.0)
}

/// Numbers folded into one, as `c10::hash_combine`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fold(u64);

impl Fold {
    #[inline]
    pub(super) fn add(&mut self, value: u64) {
        let seed = self.0;
        let mixed = value.wrapping_add(0x9e37_79b9).wrapping_add(seed << 6).wrapping_add(seed >> 2);
        self.0 = seed ^ mixed;
    }
}

/// The fold of the names of all records before the serialization id.
pub(super) fn fold_of_names(plan: &Plan<'_>) -> Fold {
    let (mut name, mut spelling) = (Vec::new(), Spelling::without_root());
    let names = plan.names().filter(|&name| name != RecordName::SerializationId);
    let hashes = names.map(|record| {
        name.clear();
        spelling.push(&mut name, record);
        hash_bytes(&name)
    });
    let mut fold = Fold::default();
    unordered::listed(hashes, plan.count()).into_iter().for_each(|hash| fold.add(hash));
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

#[cfg(test)]
mod tests {
    use crate::codec::write::archive::plan::Plan;
    use crate::codec::write::options::ArchiveLayout;

    use super::*;

    /// Compares with what PyTorch 2.15 writes for so many storages.
    #[test]
    fn names_hash_as_in_pytorch() {
        for (storages, expected) in [
            (0, "02908468677762923104"),
            (1, "15728199511854643026"),
            (2, "05611085236196705294"),
            (3, "08494888479650487350"),
            (7, "06895295647852065578"),
        ] {
            let sizes = vec![4; storages];
            let plan = Plan::new("a".into(), ArchiveLayout::Torch2_7, 64, 10, &sizes).unwrap();
            let id = serialization_id(fold_of_names(&plan), Fold::default());
            assert!(id.starts_with(expected), "{storages} storages: {id}");
        }
    }
}
