//! A map by the identity of storages.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by what [`Storage::identity`](crate::tensor::Storage) gives.
///
/// Of saving many small tensors, looking up their storages is a good part.
/// Nobody but the allocator chooses identities, so a hasher need not withstand chosen ones.
pub(super) type Identities<T> = HashMap<(usize, u32), T, BuildHasherDefault<Mix>>;

/// Multiplies each number into the hash.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The map takes the low bits, and the high ones are the mixed ones.
        self.0 = product ^ (product >> 32);
    }
}
