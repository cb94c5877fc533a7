//! Copying more than the caches hold.

/// From here on a copy goes past the caches: what is this large has left them before it is used.
pub(crate) const LARGE: usize = 1 << 20;

/// Copies `from` to `to`, which are of the same length: past the caches where that is much.
///
/// An ordinary store first fetches the line that it changes, so that a copy moves each byte three
/// times. Libraries of C go past the caches from a size of tens of mebibytes on, which few tensors have.
///
/// # Panics
/// Where the lengths differ.
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len(), "as many bytes as there is room for");
    // miri knows no such stores.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if to.len() >= LARGE {
        return stream(from, to);
    }
    to.copy_from_slice(from);
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn stream(from: &[u8], to: &mut [u8]) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};

    let unaligned = to.as_ptr().align_offset(LINE).min(to.len());
    let (to_head, to) = to.split_at_mut(unaligned);
    let (from_head, from) = from.split_at(unaligned);
    let (to_lines, to_tail) = to.as_chunks_mut::<LINE>();
    let (from_lines, from_tail) = from.as_chunks::<LINE>();
    to_head.copy_from_slice(from_head);
    to_tail.copy_from_slice(from_tail);
    for (from, to) in from_lines.iter().zip(to_lines) {
        let (from, to) = (from.as_ptr().cast::<__m128i>(), to.as_mut_ptr().cast::<__m128i>());
        for part in 0..LINE / size_of::<__m128i>() {
            // SAFETY: 16 bytes of a line each, and as a line is aligned so is a 16-byte part of it,
            // as the store must be. The instructions are part of SSE2, which every x86-64 has.
            unsafe { _mm_stream_si128(to.add(part), _mm_loadu_si128(from.add(part))) };
        }
    }
    // SAFETY: part of SSE. Before anything else is done with the memory, by any thread, such stores
    // must be told to end.
    unsafe { _mm_sfence() };
}

/// The number of bytes that are stored at a time: a line of the cache.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_arrives_and_no_other_is_touched() {
        let from: Vec<u8> = (0..=250).cycle().take(LARGE + 300).collect();
        for len in [0, 1, 63, 4096, LARGE - 1, LARGE, LARGE + 1, LARGE + 100] {
            for (skipped, shift) in [(0, 0), (0, 1), (1, 0), (3, 16), (17, 63), (64, 65)] {
                let from = &from[skipped..skipped + len];
                let mut memory = vec![255; len + 200];
                copy(from, &mut memory[shift..shift + len]);
                assert!(memory[shift..shift + len] == *from, "{len} bytes at {shift}");
                let (before, after) = (&memory[..shift], &memory[shift + len..]);
                assert!(before.iter().chain(after).all(|&byte| byte == 255));
            }
        }
    }

    #[test]
    #[should_panic(expected = "as many bytes")]
    fn lengths_that_differ_are_no_copy() {
        copy(&vec![0; LARGE + 1], &mut vec![0; LARGE]);
    }
}
