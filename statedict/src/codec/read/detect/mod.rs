//! What is at a path or in a source, told by its content.
//!
//! [`detect`] names the format of a file that can be read; [`foreign`] names what cannot, and what to do with
//! it; [`folder`] names what a folder is.

mod folder;
mod foreign;
mod shard_index;

use std::borrow::Cow;

use crate::codec::read::container::ContainerKind;
use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;

pub(super) use folder::Folder;
pub(super) use foreign::of_class;

/// The number of bytes of the start that is looked at.
const HEAD: usize = 512;

/// The number of bytes that tell whether a legacy stream starts.
const LEGACY_HEAD: usize = 32;

/// The longest header of a safetensors file, as the format's own libraries have it.
pub(super) const MAX_SAFETENSORS_HEADER: u64 = 100_000_000;

/// The first pickle of a legacy stream holds this number, in binary or (protocols 0 and 1) as text.
const LEGACY_MAGIC: &[u8] =
    &[0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_MAGIC_TEXT: &[u8] = b"L119547037146038801333356L\n";

/// The first number after a line feed was made a carriage return and a line feed.
const LEGACY_MAGIC_CRLF: &[u8] =
    &[0x8a, 0x0d, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_MAGIC_TEXT_CRLF: &[u8] = b"L119547037146038801333356L\r\n";

/// The second pickle of a legacy stream, the protocol version 1001, without its header.
const LEGACY_VERSION: &[u8] = b"M\xe9\x03.";
const LEGACY_VERSION_TEXT: &[u8] = b"I1001\n.";

/// The length of the first pickle of a legacy stream: header, number and STOP.
const MAGIC_PICKLE: usize = 2 + LEGACY_MAGIC.len() + 1;

/// How pickles of protocols 0 and 1, which have no header, start where Python wrote a container.
const OLD_PICKLES: &[&[u8]] =
    &[b"(dp", b"(lp", b"(tp", b"}q", b"]q", b"ccollections\n", b"ctorch."];

/// Returns the format of the file that `source` holds.
///
/// # Errors
/// [`ReadError::Foreign`] and the like where it is not a checkpoint, or cannot be read.
pub(super) fn detect(source: &Source) -> Result<ContainerKind, ReadError> {
    let head = bytes_at(source, 0, HEAD)?;
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
    match head.split_first_chunk::<8>() {
        Some((len, [b'{', b'"' | b'}' | b' ' | b'\n' | b'\t' | b'\r', ..])) => {
            let len = u64::from_le_bytes(*len);
            // One that was cut short is called so by its reader.
            len <= MAX_SAFETENSORS_HEADER
        }
        _ => false,
    }
}

/// Returns `true` if the header is one as a whole: a length within the file, and as long a JSON object. Bytes
/// that speak for another format may be a length too.
fn is_safetensors(source: &Source) -> Result<bool, ReadError> {
    let len = bytes_at(source, 0, 8)?;
    let len = len.first_chunk::<8>().map_or(u64::MAX, |len| u64::from_le_bytes(*len));
    let Some(len) = usize::try_from(len).ok().filter(|_| len <= source.len().saturating_sub(8))
    else {
        return Ok(false);
    };
    let text = bytes_at(source, 8, len)?;
    #[cfg(feature = "safetensors")]
    return Ok(serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok());
    #[cfg(not(feature = "safetensors"))]
    return Ok(text.trim_ascii_end().ends_with(b"}"));
}

/// Returns at most `len` bytes from `start` on.
fn bytes_at(source: &Source, start: u64, len: usize) -> Result<Cow<'_, [u8]>, ReadError> {
    let left = source.len().saturating_sub(start);
    let len = usize::try_from(left).unwrap_or(usize::MAX).min(len);
    let io = |error| ReadError::Io { file: source.name().to_owned(), source: error };
    source.get(start, len).map_err(io)
}

/// Returns `true` if another object of a legacy stream starts there.
pub(super) fn is_legacy_at(source: &Source, start: u64) -> Result<bool, ReadError> {
    Ok(starts_legacy(&bytes_at(source, start, LEGACY_HEAD)?))
}

/// Returns `true` if the stream that torch.save wrote before PyTorch 1.6 starts here.
fn starts_legacy(head: &[u8]) -> bool {
    let after = match head {
        // Protocols 4 and 5 put the length of what follows before it.
        [0x80, 4 | 5, 0x95, _, _, _, _, _, _, _, _, rest @ ..] | [0x80, 0..=5, rest @ ..] => rest,
        rest => return rest.starts_with(LEGACY_MAGIC_TEXT),
    };
    after.starts_with(LEGACY_MAGIC)
}

/// Returns what happened to the start of a legacy stream, where it is one that was damaged.
fn damage_of_legacy(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..64).unwrap_or(head);
    let place = |part: &[u8]| head.windows(part.len()).position(|window| window == part);
    let has = |part: &[u8]| place(part).is_some();
    // A pickle of this number alone has it nearer to its start.
    let has_version = |part: &[u8]| place(part).is_some_and(|at| at >= MAGIC_PICKLE);
    if has(LEGACY_MAGIC_CRLF) || has(LEGACY_MAGIC_TEXT_CRLF) {
        return Some("line ends that were changed: it was copied as text, copy it again as binary");
    }
    let is_damaged = has_version(LEGACY_VERSION) || has_version(LEGACY_VERSION_TEXT);
    (is_damaged && !starts_legacy(head)).then_some("another")
}

/// Returns the error for a pickle by itself that is the start of a damaged legacy stream.
fn damaged_legacy(found: &str) -> ReadError {
    ReadError::Damaged {
        part: "the magic number of a file of torch.save".to_owned(),
        offset: 0,
        expected: "the number that files of before PyTorch 1.6 start with".into(),
        found: found.to_owned(),
    }
}
