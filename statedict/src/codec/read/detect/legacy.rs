//! The start of the stream that torch.save wrote before PyTorch 1.6, whole or damaged.

use crate::codec::read::error::ReadError;
use crate::codec::read::source::Source;

/// The number of bytes that tell whether a legacy stream starts.
const LEGACY_HEAD: usize = 32;

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

/// The longest header of a pickle: its protocol, and the length of a frame.
const FRAMED_HEADER: usize = 2 + 9;

/// Returns `true` if another object of a legacy stream starts there.
pub(in crate::codec::read) fn is_legacy_at(source: &Source, start: u64) -> Result<bool, ReadError> {
    Ok(starts_legacy(&source.up_to(start, LEGACY_HEAD)?))
}

/// Returns `true` if the stream that torch.save wrote before PyTorch 1.6 starts here.
pub(super) fn starts_legacy(head: &[u8]) -> bool {
    let after = match head {
        // Protocols 4 and 5 put the length of what follows before it.
        [0x80, 4 | 5, 0x95, _, _, _, _, _, _, _, _, rest @ ..] | [0x80, 0..=5, rest @ ..] => rest,
        rest => return rest.starts_with(LEGACY_MAGIC_TEXT),
    };
    after.starts_with(LEGACY_MAGIC)
}

/// Returns what happened to the start of a legacy stream, where it is one that was damaged.
pub(super) fn damage_of_legacy(head: &[u8]) -> Option<&'static str> {
    let head = head.get(..64).unwrap_or(head);
    let place = |part: &[u8]| head.windows(part.len()).position(|window| window == part);
    let has = |part: &[u8]| place(part).is_some();
    // A pickle of this number alone has it nearer to its start.
    let has_version = |part: &[u8]| place(part).is_some_and(|at| at >= MAGIC_PICKLE);
    if has(LEGACY_MAGIC_CRLF) || has(LEGACY_MAGIC_TEXT_CRLF) {
        return Some("line ends that were changed: it was copied as text, copy it again as binary");
    }
    let is_damaged = has_version(LEGACY_VERSION) || has_version(LEGACY_VERSION_TEXT);
    // A pickle may hold a whole stream: its number comes later than behind a header.
    let is_within = |part: &[u8]| place(part).is_some_and(|at| at > FRAMED_HEADER);
    let is_nested = is_within(LEGACY_MAGIC) || is_within(LEGACY_MAGIC_TEXT);
    (is_damaged && !is_nested && !starts_legacy(head)).then_some("another")
}

/// Returns the error for a pickle by itself that is the start of a damaged legacy stream.
pub(super) fn damaged_legacy(found: &str) -> ReadError {
    ReadError::Damaged {
        part: "the magic number of a file of torch.save".to_owned(),
        offset: 0,
        expected: "the number that files of before PyTorch 1.6 start with".into(),
        found: found.to_owned(),
    }
}
