//! Python's texts: what of a `str` UTF-8 can hold, and what it cannot.

use std::fmt::Write as _;

/// Checks that bytes are a `str` of Python's, as its `surrogatepass` encodes it: UTF-8, with three bytes for each lone
/// surrogate.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    pieces(bytes).all(|piece| !matches!(piece, Piece::Other))
}

/// A piece of a text.
enum Piece<'t> {
    Text(&'t str),
    /// A lone surrogate.
    Surrogate(u32),
    /// Bytes that are no text.
    Other,
}

/// Returns the pieces of a text, up to the first that is none.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (piece, len) = match (std::str::from_utf8(rest), rest) {
            (_, []) => return None,
            (Ok(text), _) => (Piece::Text(text), rest.len()),
            (Err(error), _) if error.valid_up_to() > 0 => {
                let len = error.valid_up_to();
                let text = rest.get(..len).and_then(|text| std::str::from_utf8(text).ok());
                (text.map_or(Piece::Other, Piece::Text), len)
            }
            (_, &[0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..]) => {
                let number = 0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
                (Piece::Surrogate(number), 3)
            }
            _ => (Piece::Other, rest.len()),
        };
        rest = rest.get(len..).unwrap_or_default();
        Some(piece)
    })
}

/// Adds a character or a lone surrogate to a text. Returns `false` where the number is neither.
pub(crate) fn push_char(text: &mut Vec<u8>, number: u32) -> bool {
    match (char::from_u32(number), number) {
        (Some(char), _) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        (None, 0xd800..=0xdfff) => {
            let low = |shift: u32| (number >> shift & 0x3f).to_le_bytes()[0] | 0x80;
            text.extend_from_slice(&[0xed, low(6), low(0)]);
        }
        _ => return false,
    }
    true
}

/// Returns a text in quotes, with escapes as Rust writes them; a lone surrogate is `\u{dce9}`.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for piece in pieces(bytes) {
        match piece {
            Piece::Text(piece) => {
                let quoted = format!("{piece:?}");
                text.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
            }
            // Writing to a text does not fail.
            Piece::Surrogate(number) => drop(write!(text, "\\u{{{number:x}}}")),
            Piece::Other => {}
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_text_and_other_bytes_are_none() {
        for (bytes, shown) in [
            (&b"caf\xed\xb3\xa9"[..], "\"caf\\u{dce9}\""),
            (b"\xed\xa0\xbd\xed\xb8\x80\n\"", "\"\\u{d83d}\\u{de00}\\n\\\"\""),
            ("é😀".as_bytes(), "\"é😀\""),
            (b"", "\"\""),
        ] {
            assert!(is_text(bytes));
            assert_eq!(quoted(bytes), shown);
        }
        for bytes in [&b"\xff"[..], b"\xed\xa0", b"\xed\xb3", b"a\xed\xb3\xa9\x80", b"\xc0\x80"] {
            assert!(!is_text(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn every_number_of_a_character_is_written_as_it_is_read() {
        for number in
            [0, 0x41, 0xe9, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdfff, 0xe000, 0x10_ffff]
        {
            let mut text = Vec::new();
            assert!(push_char(&mut text, number) && is_text(&text), "{number:x}");
            let found = pieces(&text).next();
            let same = match found {
                Some(Piece::Text(text)) => text.chars().next().map(u32::from),
                Some(Piece::Surrogate(number)) => Some(number),
                _ => None,
            };
            assert_eq!(same, Some(number));
        }
        assert!(!push_char(&mut Vec::new(), 0x11_0000));
    }
}
