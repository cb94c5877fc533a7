//! Expanding compressed members.

use std::io::Read;

/// The number of bytes that are expanded at a time: what a processor's own cache holds.
const CHUNK: usize = 64 << 10;

/// Expands deflated bytes to exactly `size` bytes, and hands them on piece by piece.
pub(super) fn expand(
    compressed: &[u8],
    size: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    // No deflated byte expands to more than 1032.
    if size / 1032 > compressed.len() {
        return Err(format!("{} bytes cannot expand to {size}", compressed.len()));
    }
    let mut decoder = flate2::bufread::DeflateDecoder::new(compressed);
    // One more than is left, to see that nothing follows.
    let mut chunk = vec![0; size.saturating_add(1).min(CHUNK)];
    let mut found = 0usize;
    loop {
        let count = decoder.read(&mut chunk).map_err(|error| error.to_string())?;
        let bytes = chunk.get(..count).unwrap_or_default();
        found = found.saturating_add(count);
        if found > size {
            return Err(format!("expected {size} bytes, found more"));
        }
        if !bytes.is_empty() {
            take(bytes)?;
        } else if found < size {
            return Err(format!("expected {size} bytes, found {found}"));
        } else {
            return Ok(());
        }
    }
}

/// Expands deflated bytes to exactly `size` bytes. Memory grows with what really comes out.
pub(super) fn inflate(compressed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let mut bytes: Vec<u8> = Vec::new();
    expand(compressed, size, |chunk| {
        if bytes.capacity().saturating_sub(bytes.len()) < chunk.len() {
            // Doubled, but never beyond what is claimed.
            let left = size.saturating_sub(bytes.len());
            let step = bytes.len().max(chunk.len()).min(left);
            bytes.try_reserve_exact(step).map_err(|error| error.to_string())?;
        }
        bytes.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(bytes)
}

/// Expands deflated bytes to exactly `size` bytes, and fills `buffer` with those from `offset` on.
pub(super) fn inflate_part(
    compressed: &[u8],
    size: usize,
    offset: usize,
    buffer: &mut [u8],
) -> Result<(), String> {
    let (mut skip, mut rest) = (offset, buffer);
    expand(compressed, size, |chunk| {
        let skipped = skip.min(chunk.len());
        skip -= skipped;
        let bytes = chunk.get(skipped..).unwrap_or_default();
        let room = bytes.len().min(rest.len());
        let (to, left) = std::mem::take(&mut rest).split_at_mut(room);
        to.copy_from_slice(bytes.get(..to.len()).unwrap_or_default());
        rest = left;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored block of three bytes.
    const ABC: [u8; 8] = [1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'];

    #[test]
    fn the_size_must_be_the_one_claimed() {
        assert_eq!(inflate(&ABC, 3).unwrap(), b"abc");
        assert!(inflate(&ABC, 2).unwrap_err().contains("found more"));
        assert!(inflate(&ABC, 4).unwrap_err().contains("found 3"));
        assert!(inflate(&ABC, 1 << 40).unwrap_err().contains("cannot expand"));
        assert!(inflate(&[7, 7, 7], 3).is_err());
    }

    #[test]
    fn a_part_is_cut_out_wherever_the_chunks_end() {
        use std::io::Write;
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * CHUNK + 5).collect();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
        encoder.write_all(&bytes).unwrap();
        let compressed = encoder.finish().unwrap();
        for (offset, len) in
            [(0, bytes.len()), (0, 1), (1, CHUNK), (CHUNK, CHUNK), (bytes.len() - 1, 1), (7, 0)]
        {
            let mut part = vec![255; len];
            inflate_part(&compressed, bytes.len(), offset, &mut part).unwrap();
            assert!(part == bytes[offset..offset + len], "{len} bytes at {offset}");
        }
        assert!(inflate_part(&compressed, bytes.len() - 1, 0, &mut [0; 3]).is_err());
    }
}
