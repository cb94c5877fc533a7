//! The order in which an `unordered_set` of libstdc++ lists its elements.

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

/// The hashes of distinct elements, put in one after the other, in the order in which the set lists them.
/// `count` is how many there are, about.
///
/// The set is a linked list. An element of a bucket that has some goes before these, any other to the
/// front of the list; and when the set grows, all elements are put in anew in the order of the list. So
/// the list is, from its end, the buckets in the order of their first elements, each with its elements
/// in order, and that can be had without following links one by one: with a million elements, following
/// them is waiting for memory.
pub(super) fn listed(hashes: impl Iterator<Item = u64>, count: usize) -> Vec<u64> {
    let mut hashes = hashes.fuse();
    let mut list = List { hashes: Vec::with_capacity(count), ..List::default() };
    for buckets in BUCKETS {
        // The set grows before it holds more elements than buckets.
        let room = usize::try_from(buckets).unwrap_or(usize::MAX).saturating_sub(list.hashes.len());
        let before = list.hashes.len();
        list.hashes.extend(hashes.by_ref().take(room));
        if list.hashes.len() == before {
            break;
        }
        list.rehash(buckets);
    }
    list.hashes
}

/// Elements are numbered with 32 bits, as records are.
#[derive(Default)]
struct List {
    hashes: Vec<u64>,
    /// The first element of each bucket.
    firsts: Vec<u32>,
    /// The first element of the bucket of each element.
    groups: Vec<u32>,
    /// The place after the last one that is free for the bucket that begins with an element.
    ends: Vec<u32>,
    ordered: Vec<u64>,
}

impl List {
    /// Turns the order in which elements are put in into that of the list.
    fn rehash(&mut self, buckets: u64) {
        let remainder = Remainder::of_division_by(buckets);
        self.firsts.clear();
        self.firsts.resize(usize::try_from(buckets).unwrap_or(usize::MAX), u32::MAX);
        self.groups.clear();
        for (element, &hash) in (0..).zip(&self.hashes) {
            // Less than the number of buckets.
            let bucket = usize::try_from(remainder.of(hash)).unwrap_or(0);
            let Some(first) = self.firsts.get_mut(bucket) else { continue };
            *first = element.min(*first);
            self.groups.push(*first);
        }
        self.ends.clear();
        self.ends.resize(self.hashes.len(), 0);
        for &group in &self.groups {
            if let Some(count) = self.ends.get_mut(group as usize) {
                *count += 1;
            }
        }
        let mut end = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
        for place in &mut self.ends {
            let count = std::mem::replace(place, end);
            end -= count;
        }
        self.ordered.clear();
        self.ordered.resize(self.hashes.len(), 0);
        for (&hash, &group) in self.hashes.iter().zip(&self.groups) {
            let Some(end) = self.ends.get_mut(group as usize) else { continue };
            *end = end.saturating_sub(1);
            if let Some(place) = self.ordered.get_mut(*end as usize) {
                *place = hash;
            }
        }
        std::mem::swap(&mut self.hashes, &mut self.ordered);
    }
}

/// Remainders of a division by always the same number, without a division.
struct Remainder {
    divisor: u64,
    /// 2^64 divided by it.
    inverse: u64,
}

impl Remainder {
    fn of_division_by(divisor: u64) -> Self {
        Remainder { divisor, inverse: u64::MAX.checked_div(divisor).unwrap_or(0) }
    }

    #[inline]
    fn of(&self, number: u64) -> u64 {
        let product = u128::from(number) * u128::from(self.inverse);
        // At most two less than the true quotient. What is left of 128 bits are 64.
        let quotient = u64::try_from(product >> 64).unwrap_or(0);
        let mut rest = number.wrapping_sub(quotient.wrapping_mul(self.divisor));
        while rest >= self.divisor {
            rest -= self.divisor;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by doing what the set does.
    fn followed(hashes: &[u64]) -> Vec<u64> {
        let mut list: Vec<u64> = Vec::new();
        let mut buckets = 1;
        let put = |list: &mut Vec<u64>, hash: u64, buckets: u64| {
            let place = list.iter().position(|other| other % buckets == hash % buckets);
            list.insert(place.unwrap_or(0), hash);
        };
        for &hash in hashes {
            if list.len() as u64 + 1 > buckets || buckets == 1 {
                buckets = BUCKETS.into_iter().find(|&more| more > buckets).unwrap();
                let old = std::mem::take(&mut list);
                old.into_iter().for_each(|hash| put(&mut list, hash, buckets));
            }
            put(&mut list, hash, buckets);
        }
        list
    }

    #[test]
    fn the_order_is_that_of_the_set() {
        let mut state = 1u64;
        let hashes: Vec<u64> = (0..1200)
            .map(|_| {
                state =
                    state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                state ^ state >> 29
            })
            .collect();
        for count in [0, 1, 2, 12, 13, 14, 29, 30, 59, 60, 127, 500, 541, 542, 1109, 1110, 1200] {
            let hashes = hashes.get(..count).unwrap();
            assert_eq!(listed(hashes.iter().copied(), count), followed(hashes), "{count}");
        }
    }

    #[test]
    fn remainders_are_those_of_a_division() {
        for divisor in BUCKETS {
            let remainder = Remainder::of_division_by(divisor);
            for number in
                [0, 1, divisor - 1, divisor, divisor + 1, u64::MAX / 3, u64::MAX - 1, u64::MAX]
            {
                assert_eq!(remainder.of(number), number % divisor, "{number} / {divisor}");
            }
        }
    }
}
