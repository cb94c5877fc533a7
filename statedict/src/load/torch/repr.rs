//! How Python prints a string and a `torch.Size`.

use std::fmt::Write;

/// `repr(text)`.
///
/// Python escapes what cannot be printed; of the characters beyond ASCII, those are here the control
/// characters, the separators and the private, and not the unassigned ones, whose list is Unicode's.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a string cannot fail.
        let _ = match c {
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if c == quote => write!(out, "\\{c}"),
            c if !is_hidden(c) => write!(out, "{c}"),
            _ if code <= 0xff => write!(out, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push(quote);
    out
}

/// Returns `true` if Python escapes a character.
fn is_hidden(c: char) -> bool {
    let invisible = [
        '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}',
        '\u{feff}',
    ];
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || invisible.contains(&c)
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{e000}'..='\u{f8ff}').contains(&c)
        || c >= '\u{f0000}'
}

/// `str(torch.Size(shape))`.
pub(crate) fn size(shape: &[usize]) -> String {
    format!("torch.Size({shape:?})")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each what Python 3.11 printed.
    #[test]
    fn strings_are_shown_as_python_does() {
        for (text, expected) in [
            ("fc.weight", "'fc.weight'"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\\b\n\t\r\0\u{7f}", "'a\\\\b\\n\\t\\r\\x00\\x7f'"),
            ("größe 重み", "'größe 重み'"),
            ("\u{a0}\u{2028}\u{e000}", "'\\xa0\\u2028\\ue000'"),
        ] {
            assert_eq!(repr(text), expected);
        }
    }

    #[test]
    fn sizes_are_shown_as_torch_does() {
        assert_eq!(size(&[3, 2]), "torch.Size([3, 2])");
        assert_eq!(size(&[]), "torch.Size([])");
    }
}
