//! Elements to test with: every kind of bit pattern.

use crate::dtype::DType;

/// Elements of a type as little-endian bytes: first those that are easily lost (not a number with
/// and without a payload, signed zeros, infinities, the smallest and the largest), then arbitrary ones.
/// Different for each `seed`.
pub(super) fn elements(dtype: DType, numel: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(2).wrapping_add(1));
    let mut bytes: Vec<u8> = (0..dtype.nbytes(numel).unwrap_or(0)).map(|_| random.byte()).collect();
    if dtype == DType::Bool {
        bytes.iter_mut().for_each(|byte| *byte &= 1);
        // Both values occur.
        bytes.iter_mut().zip([seed & 1 == 0, seed & 1 == 1]).for_each(|(b, v)| *b = u8::from(v));
        return bytes;
    }
    let special = special(dtype.scalar_size());
    let start = usize::try_from(seed).unwrap_or(0) % special.len().max(1);
    let scalars = bytes.chunks_exact_mut(dtype.scalar_size());
    for (scalar, special) in scalars.zip(special.iter().cycle().skip(start).take(special.len())) {
        scalar.copy_from_slice(special);
    }
    bytes
}

/// Patterns that have a meaning in some type of this width.
fn special(width: usize) -> Vec<Vec<u8>> {
    let patterns: &[u64] = match width {
        8 => &[
            0x7ff8_0000_0000_0000, // quiet not-a-number
            0x7ff0_0000_dead_beef, // signalling, with a payload
            0xfff8_0000_0000_0001,
            0x8000_0000_0000_0000, // minus zero, the smallest integer
            0x7ff0_0000_0000_0000, // infinities
            0xfff0_0000_0000_0000,
            0x0000_0000_0000_0001, // the smallest subnormal number
            0x7fff_ffff_ffff_ffff,
        ],
        4 => &[
            0x7fc0_0000,
            0x7f80_beef,
            0xffc0_0001,
            0x8000_0000,
            0x7f80_0000,
            0xff80_0000,
            0x0000_0001,
            0x7fff_ffff,
        ],
        2 => &[0x7e00, 0x7c01, 0x7fc0, 0x7f81, 0x8000, 0x7c00, 0xfc00, 0x7f80, 0x0001, 0x7fff],
        _ => &[0x7f, 0x80, 0xff, 0x00, 0x01, 0x7c, 0xfc],
    };
    patterns.iter().map(|pattern| pattern.to_le_bytes().into_iter().take(width).collect()).collect()
}

/// Marsaglia's xorshift: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[4]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_elements_are_those_that_are_easily_lost() {
        let bytes = elements(DType::F32, 20, 0);
        let floats: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        assert!(floats[0].is_nan() && floats[1].is_nan() && floats[1].to_bits() == 0x7f80_beef);
        assert_eq!(floats[3].to_bits(), (-0.0f32).to_bits());
        assert_eq!((floats[4], floats[5]), (f32::INFINITY, f32::NEG_INFINITY));
        for dtype in DType::all() {
            assert_eq!(elements(dtype, 7, 3).len(), dtype.nbytes(7).unwrap());
            assert_ne!(elements(dtype, 7, 3), elements(dtype, 7, 4), "{dtype}");
        }
    }
}
