//! Whether a name comes twice, without an index of all.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use foldhash::{HashSet, HashSetExt};

use crate::huge_pages;
use crate::name_map::name::Name;

/// How many bits there are for each name. An index of a million names does not fit into a processor's cache,
/// and filling it costs more than reading the file; this is a tenth of its size.
const BITS: usize = 32;

/// The first name that comes again, if one does.
///
/// Each name sets a bit by its hash. One that finds it set may be a duplicate: of a hundred names, one or two.
/// Only these and what has their hash are compared. The hashes are kept: to read all names again costs more.
pub(super) fn duplicate(names: &[Name]) -> Option<&str> {
    let bits = names.len().saturating_mul(BITS).next_power_of_two().max(64);
    let mut seen = vec![0u64; bits / 64];
    let state = RandomState::default();
    let mut hashes = huge_pages::buffer(names.len());
    let mut suspects: HashSet<u32> = HashSet::new();
    for name in names {
        // The lower half: it fits.
        let hash = u32::try_from(state.hash_one(name.as_str()) & 0xffff_ffff).unwrap_or(0);
        hashes.push(hash);
        let bit = usize::try_from(hash).unwrap_or(0) & (bits - 1);
        if let Some(word) = seen.get_mut(bit / 64) {
            if *word & (1 << (bit % 64)) != 0 {
                suspects.insert(hash);
            }
            *word |= 1 << (bit % 64);
        }
    }
    if suspects.is_empty() {
        return None;
    }
    let mut compared = HashSet::with_capacity(suspects.len());
    let suspected = names.iter().zip(hashes).filter(|(_, hash)| suspects.contains(hash));
    suspected.map(|(name, _)| name.as_str()).find(|&name| !compared.insert(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<Name> {
        (0..count).map(|number| Name::own(format!("layer.{number}.weight"))).collect()
    }

    #[test]
    fn different_names_are_no_duplicates() {
        for count in [0, 1, 2, 63, 64, 1000, 100_000] {
            assert_eq!(duplicate(&names(count)), None);
        }
    }

    #[test]
    fn a_duplicate_is_found_wherever_it_is() {
        for count in [2, 3, 100, 5000] {
            for (first, second) in [(0, 1), (0, count - 1), (count / 2, count - 1)] {
                let mut names = names(count);
                if first == second {
                    continue;
                }
                let again = names[first].clone();
                names[second] = again;
                assert_eq!(duplicate(&names), Some(names[first].as_str()));
            }
        }
        assert_eq!(duplicate(&[Name::own(String::new()), Name::own(String::new())]), Some(""));
    }
}
