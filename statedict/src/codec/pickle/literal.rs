//! Values that opcodes carry in themselves: numbers and strings.

use crate::codec::pickle::fault::{Fault, Problem};
use crate::codec::pickle::machine::Machine;
use crate::codec::pickle::resolver::StorageResolver;
use crate::value::integer;
use crate::value::raw::{Raw, Text};
use crate::value::text::{is_text, push_char};

impl<R: StorageResolver> Machine<'_, R> {
    /// The place in the pickle of the `len` bytes that have just been read.
    pub(super) fn text_before(&self, len: usize) -> Result<Text, Fault> {
        let start = self.input.position().saturating_sub(len);
        match (u32::try_from(start), u32::try_from(len)) {
            (Ok(start), Ok(len)) => Ok(Text { start, len }),
            _ => Err(Fault::expected("a pickle of at most 4 GiB", "a larger one")),
        }
    }

    pub(super) fn str_before(&self, bytes: &[u8]) -> Result<Raw, Fault> {
        let text = self.text_before(bytes.len())?;
        str_of(bytes, text).ok_or_else(|| Fault::expected("text in UTF-8", "other bytes"))
    }

    /// A string of Python 2, which is bytes or text: text where it can be, as PyTorch reads it.
    pub(super) fn old_string_before(&mut self, bytes: &[u8]) -> Result<Raw, Fault> {
        let text = self.text_before(bytes.len())?;
        if std::str::from_utf8(bytes).is_ok() {
            return Ok(Raw::Str(text));
        }
        self.undecoded = self.undecoded.saturating_add(1);
        Ok(Raw::Bytes(text))
    }

    /// An integer of little-endian two's complement bytes that have just been read.
    pub(super) fn long_before(&self, bytes: &[u8]) -> Result<Raw, Fault> {
        if let Some(value) = integer::small_from_le(bytes) {
            return Ok(Raw::Int(value));
        }
        self.check_integer(bytes.len())?;
        self.text_before(bytes.len()).map(Raw::BigInt)
    }

    fn check_integer(&self, bytes: usize) -> Result<(), Fault> {
        let allowed = self.limits.integer_bytes;
        let needed = u64::try_from(bytes).unwrap_or(u64::MAX);
        if needed > allowed {
            return Err(Problem::Limit { limit: "integer_bytes", allowed, needed }.into());
        }
        Ok(())
    }

    /// The number of an INT or LONG line.
    pub(super) fn int_line(&mut self, line: &[u8], long: bool) -> Result<Raw, Fault> {
        let wrong = || Fault::expected("a decimal number", String::from_utf8_lossy(line));
        let text = std::str::from_utf8(line).map_err(|_| wrong())?.trim();
        match text {
            "00" if !long => return Ok(Raw::Bool(false)),
            "01" if !long => return Ok(Raw::Bool(true)),
            _ => {}
        }
        let text = if long { text.strip_suffix('L').unwrap_or(text) } else { text };
        if let Ok(value) = text.parse() {
            return Ok(Raw::Int(value));
        }
        self.check_integer(text.len() / 2)?;
        let bytes = integer::le_from_decimal(text).ok_or_else(wrong)?;
        match integer::small_from_le(&bytes) {
            Some(value) => Ok(Raw::Int(value)),
            None => Ok(Raw::BigInt(self.copy_bytes(&bytes)?)),
        }
    }

    pub(super) fn float_line(&self, line: &[u8]) -> Result<Raw, Fault> {
        std::str::from_utf8(line)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .map(Raw::Float)
            .ok_or_else(|| Fault::expected("a number", String::from_utf8_lossy(line)))
    }

    /// The string of a STRING line: a Python literal in quotes.
    pub(super) fn string_line(&mut self, line: &[u8]) -> Result<Raw, Fault> {
        let quoted = line.trim_ascii();
        let inner = match quoted {
            [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
            _ => return Err(Fault::expected("a string in quotes", String::from_utf8_lossy(line))),
        };
        let bytes = unescape(inner)
            .ok_or_else(|| Fault::expected("Python's escapes", String::from_utf8_lossy(line)))?;
        let text = self.copy_bytes(&bytes)?;
        if std::str::from_utf8(&bytes).is_ok() {
            return Ok(Raw::Str(text));
        }
        self.undecoded = self.undecoded.saturating_add(1);
        Ok(Raw::Bytes(text))
    }

    /// The string of a UNICODE line: Latin-1 with `\u` escapes.
    pub(super) fn unicode_line(&mut self, line: &[u8]) -> Result<Raw, Fault> {
        if line.is_ascii() && !line.contains(&b'\\') {
            // As it is, without its newline.
            let text = self.text_before(line.len().saturating_add(1))?;
            return Ok(Raw::Str(Text { len: text.len.saturating_sub(1), ..text }));
        }
        let text = raw_unicode(line)
            .ok_or_else(|| Fault::expected("`\\u` escapes", String::from_utf8_lossy(line)))?;
        let copy = self.copy_bytes(&text)?;
        str_of(&text, copy).ok_or_else(|| Fault::expected("text", "other bytes"))
    }
}

/// Returns a `str` of these bytes, which are at `text`.
fn str_of(bytes: &[u8], text: Text) -> Option<Raw> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Some(Raw::Str(text)),
        Err(_) => is_text(bytes).then_some(Raw::Surrogates(text)),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The bytes of a Python string literal.
pub(super) fn unescape(mut input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len());
    while let Some((&byte, rest)) = input.split_first() {
        input = rest;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&escape, rest) = input.split_first()?;
        input = rest;
        match escape {
            b'\\' | b'\'' | b'"' => out.push(escape),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b'x' => {
                let (digits, rest) = input.split_at_checked(2)?;
                out.push(u8::try_from(hex(digits)?).ok()?);
                input = rest;
            }
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    match input.split_first() {
                        Some((&digit @ b'0'..=b'7', rest)) => {
                            value = value * 8 + u32::from(digit - b'0');
                            input = rest;
                        }
                        _ => break,
                    }
                }
                out.push(u8::try_from(value & 0xff).ok()?);
            }
            // Python keeps an escape that it does not know.
            other => out.extend([b'\\', other]),
        }
    }
    Some(out)
}

/// The text of Python's raw-unicode-escape.
pub(super) fn raw_unicode(mut input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len());
    while let Some((&byte, rest)) = input.split_first() {
        input = rest;
        let width = match (byte, input.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                push_char(&mut out, byte.into());
                continue;
            }
        };
        let digits = input.get(1..width + 1)?;
        push_char(&mut out, hex(digits)?).then_some(())?;
        input = input.get(width + 1..)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_pythons() {
        assert_eq!(unescape(br"a\n\x41\101\'\q").unwrap(), b"a\nAA'\\q");
        assert_eq!(unescape(br"\x4"), None);
        assert_eq!(unescape(br"\"), None);
        assert_eq!(raw_unicode(b"\\u00e9\xe9\\U0001f600\\n").unwrap(), "éé😀\\n".as_bytes());
        assert_eq!(raw_unicode(b"\\ud800").unwrap(), b"\xed\xa0\x80");
        assert_eq!(raw_unicode(b"\\U00110000"), None);
    }
}
