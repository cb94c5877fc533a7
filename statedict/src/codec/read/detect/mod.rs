//! What is at a path or in a source, told by its content.
//!
//! [`detect`] names the format of a file that can be read; [`foreign`] names what cannot, and what to do with
//! it; [`folder`] names what a folder is.

mod folder;
mod foreign;
mod legacy;
mod shard_index;

use crate::codec::read::error::ReadError;
use crate::codec::read::kind::ContainerKind;
use crate::codec::read::source::Source;

pub(super) use folder::Folder;
pub(super) use foreign::{of_archive, of_class, of_files};
pub(super) use legacy::is_legacy_at;
use legacy::{damage_of_legacy, starts_legacy};

/// The number of bytes of the start that is looked at.
const HEAD: usize = 512;

/// The longest header of a safetensors file, as the format's own libraries have it.
pub(super) const MAX_SAFETENSORS_HEADER: u64 = 100_000_000;

/// How pickles of protocols 0 and 1, which have no header, start where Python wrote a container.
const OLD_PICKLES: &[&[u8]] =
    &[b"(dp", b"(lp", b"(tp", b"}q", b"]q", b"ccollections\n", b"ctorch."];

/// Returns the format of the file that `source` holds.
///
/// # Errors
/// [`ReadError::Foreign`] and the like where it is not a checkpoint, or cannot be read.
pub(super) fn detect(source: &Source) -> Result<ContainerKind, ReadError> {
    let head = source.up_to(0, HEAD)?;
    let other = by_start(&head);
    if may_be_safetensors(&head) && (other.is_none() || is_safetensors(source)?) {
        return Ok(ContainerKind::Safetensors);
    }
    match other {
        Some(kind) => Ok(kind),
        None => Err(foreign::name(source, &head)?),
    }
}

/// Returns the format that the first bytes alone speak for; a safetensors file has no fixed ones.
fn by_start(head: &[u8]) -> Option<ContainerKind> {
    if head.starts_with(b"PK\x03\x04") {
        return Some(ContainerKind::Zip);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(ContainerKind::Tar);
    }
    if starts_legacy(head) {
        return Some(ContainerKind::Legacy);
    }
    let headed = matches!(head, [0x80, 0..=5, ..]);
    let is_pickle = headed || OLD_PICKLES.iter().any(|start| head.starts_with(start));
    (is_pickle && damage_of_legacy(head).is_none()).then_some(ContainerKind::Pickle)
}

/// Returns `true` if the file starts with a length and a JSON object, as safetensors files do.
fn may_be_safetensors(head: &[u8]) -> bool {
    let Some((len, text)) = head.split_first_chunk::<8>() else { return false };
    // One that was cut short is called so by its reader. There may be blanks before it.
    u64::from_le_bytes(*len) <= MAX_SAFETENSORS_HEADER
        && matches!(text.trim_ascii_start(), [b'{', b'"' | b'}' | b' ' | b'\n' | b'\t' | b'\r', ..])
}

/// Returns `true` if the header is one as a whole: a length within the file, and as long a JSON object. Bytes
/// that speak for another format may be a length too.
fn is_safetensors(source: &Source) -> Result<bool, ReadError> {
    let len = source.up_to(0, 8)?;
    let len = len.first_chunk::<8>().map_or(u64::MAX, |len| u64::from_le_bytes(*len));
    let Some(len) = usize::try_from(len).ok().filter(|_| len <= source.len().saturating_sub(8))
    else {
        return Ok(false);
    };
    let text = source.up_to(8, len)?;
    #[cfg(feature = "safetensors")]
    return Ok(serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok());
    #[cfg(not(feature = "safetensors"))]
    return Ok(text.trim_ascii_end().ends_with(b"}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Result<ContainerKind, ReadError> {
        detect(&Source::bytes(bytes.to_vec()))
    }

    #[test]
    fn each_format_is_known_by_its_start() {
        assert_eq!(kind(b"PK\x03\x04").unwrap(), ContainerKind::Zip);
        assert_eq!(kind(b"\x80\x02}.").unwrap(), ContainerKind::Pickle);
        assert_eq!(kind(b"(dp0\nS'a'\n").unwrap(), ContainerKind::Pickle);
        assert_eq!(kind(b"\x08\0\0\0\0\0\0\0{\"a\":1}").unwrap(), ContainerKind::Safetensors);
        let magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
        let starts: [&[u8]; 2] = [&[0x80, 2], &[0x80, 4, 0x95, 13, 0, 0, 0, 0, 0, 0, 0]];
        for start in starts {
            assert_eq!(kind(&[start, &magic].concat()).unwrap(), ContainerKind::Legacy);
        }
        assert_eq!(kind(b"L119547037146038801333356L\n").unwrap(), ContainerKind::Legacy);
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(kind(&tar).unwrap(), ContainerKind::Tar);
        assert!(kind(b"hello world").unwrap_err().to_string().contains("unknown kind"));
    }

    #[test]
    fn a_length_decides_only_where_a_whole_header_follows() {
        assert_eq!(kind(b"\x80\x02\0\0\0\0\0\0{").unwrap(), ContainerKind::Pickle);
        assert_eq!(kind(b"PK\x03\x04\0\0\0\0{").unwrap(), ContainerKind::Zip);
        let header = [&b"\x80\x02\0\0\0\0\0\0{\"a\":1}"[..], &[b' '; 640 - 7]].concat();
        assert_eq!(kind(&header).unwrap(), ContainerKind::Safetensors);
        let blanks = kind(b"\x0a\0\0\0\0\0\0\0 \n{\"a\":1}x").unwrap();
        assert_eq!(blanks, ContainerKind::Safetensors);
        assert!(kind(b"short").is_err());
    }
}
