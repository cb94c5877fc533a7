//! Expanding compressed members.

use std::io::Read;

/// Expands deflated bytes to exactly `size` bytes. Memory grows with what really comes out.
pub(super) fn inflate(compressed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    // No deflated byte expands to more than 1032.
    if size / 1032 > compressed.len() {
        return Err(format!("{} bytes cannot expand to {size}", compressed.len()));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    flate2::bufread::DeflateDecoder::new(compressed)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() != size {
        let found = if bytes.len() > size { "more".to_owned() } else { bytes.len().to_string() };
        return Err(format!("expected {size} bytes, found {found}"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_must_be_the_one_claimed() {
        // A stored block of three bytes.
        let compressed = [1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'];
        assert_eq!(inflate(&compressed, 3).unwrap(), b"abc");
        assert!(inflate(&compressed, 2).unwrap_err().contains("found more"));
        assert!(inflate(&compressed, 4).unwrap_err().contains("found 3"));
        assert!(inflate(&compressed, 1 << 40).unwrap_err().contains("cannot expand"));
        assert!(inflate(&[7, 7, 7], 3).is_err());
    }
}
