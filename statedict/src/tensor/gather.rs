//! Strided elements into row-major bytes, and the arithmetic of the conjugate and negative bits.

use std::ops::Range;

use crate::dtype::DType;

/// Copies a range of the elements of a strided view of `storage`, counted in row-major order.
/// `None` where an element lies outside the storage, or there is no memory for the copy.
pub(super) fn gather(
    storage: &[u8],
    shape: &[usize],
    strides: &[isize],
    offset: usize,
    element: usize,
    elements: Range<usize>,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(elements.len().checked_mul(element)?).ok()?;
    // The innermost dimensions that are row-major are copied as one run.
    let mut run = 1usize;
    let mut outer = shape.len();
    while let Some(index) = outer.checked_sub(1)
        && usize::try_from(*strides.get(index)?).ok()? == run
    {
        run = run.checked_mul(*shape.get(index)?)?;
        outer = index;
    }
    let sizes = shape.get(..outer)?;
    let steps: Vec<usize> = strides
        .get(..outer)?
        .iter()
        .map(|&stride| usize::try_from(stride).ok())
        .collect::<Option<_>>()?;
    let mut index = vec![0usize; outer];
    let mut position = offset;
    // The run in which the range starts, and how far within it.
    let mut number = elements.start.checked_div(run)?;
    let mut skipped = elements.start % run;
    for ((digit, &size), &step) in index.iter_mut().zip(sizes).zip(&steps).rev() {
        *digit = number.checked_rem(size)?;
        number /= size;
        position = position.checked_add(digit.checked_mul(step)?)?;
    }
    let mut left = elements.len();
    while left > 0 {
        let count = (run - skipped).min(left);
        let start = position.checked_add(skipped)?.checked_mul(element)?;
        let end = start.checked_add(count.checked_mul(element)?)?;
        bytes.extend_from_slice(storage.get(start..end)?);
        left -= count;
        skipped = 0;
        // Step the outer index like an odometer, keeping the position beside it.
        for ((digit, &size), &step) in index.iter_mut().zip(sizes).zip(&steps).rev() {
            *digit += 1;
            position = position.checked_add(step)?;
            if *digit < size {
                break;
            }
            position -= step * size;
            *digit = 0;
        }
    }
    Some(bytes)
}

/// Which numbers of each element to negate.
#[derive(Clone, Copy)]
pub(super) enum Part {
    All,
    Real,
    Imaginary,
}

/// Negates numbers in place: floating point by their sign bits, integers in two's complement. What has no
/// negative, such as `bool`, stays as it is.
pub(super) fn negate(bytes: &mut [u8], dtype: DType, part: Part) {
    let scalar = dtype.scalar_size();
    for (index, number) in bytes.chunks_exact_mut(scalar).enumerate() {
        let chosen = match part {
            Part::All => true,
            Part::Real => index % 2 == 0,
            Part::Imaginary => index % 2 == 1,
        };
        if !chosen {
            continue;
        }
        if dtype.is_differentiable() {
            number.last_mut().into_iter().for_each(|last| *last ^= 0x80);
        } else if is_integer(dtype) {
            // The complement plus one: the carry goes on through bytes that are zero.
            let mut carry = true;
            for byte in number {
                let (sum, overflowed) = (!*byte).overflowing_add(u8::from(carry));
                (*byte, carry) = (sum, overflowed);
            }
        }
    }
}

fn is_integer(dtype: DType) -> bool {
    use DType::{I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(dtype, I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_negated_as_integers() {
        for value in [0i32, 1, -1, 256, -65_536, i32::MAX, i32::MIN] {
            let mut bytes = value.to_le_bytes();
            negate(&mut bytes, DType::I32, Part::All);
            assert_eq!(i32::from_le_bytes(bytes), value.wrapping_neg());
        }
        let mut bools = [0, 1];
        negate(&mut bools, DType::Bool, Part::All);
        assert_eq!(bools, [0, 1]);
    }

    #[test]
    fn transposed_stepped_and_expanded_views() {
        let storage: Vec<u8> = (0..12).collect();
        let take = |shape: &[usize], strides: &[isize], offset| {
            let numel = shape.iter().product();
            let whole = gather(&storage, shape, strides, offset, 1, 0..numel).unwrap();
            for start in 0..numel {
                for end in start..=numel {
                    let part = gather(&storage, shape, strides, offset, 1, start..end).unwrap();
                    assert_eq!(part, whole[start..end], "{start}..{end}");
                }
            }
            whole
        };
        assert_eq!(take(&[4, 3], &[1, 4], 0), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        assert_eq!(take(&[3, 2], &[4, 2], 1), [1, 3, 5, 7, 9, 11]);
        assert_eq!(take(&[2, 3], &[0, 1], 4), [4, 5, 6, 4, 5, 6]);
        assert_eq!(take(&[2], &[5], 6), [6, 11]);
    }

    #[test]
    fn two_byte_elements_keep_their_bytes_together() {
        let storage = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(
            gather(&storage, &[2, 2], &[1, 2], 0, 2, 0..4).unwrap(),
            [1, 2, 5, 6, 3, 4, 7, 8]
        );
    }

    #[test]
    fn an_element_outside_is_none() {
        assert_eq!(gather(&[0; 4], &[2], &[4], 0, 1, 0..2), None);
    }
}
