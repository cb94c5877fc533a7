//! Paths out of text.

use std::fmt;
use std::str::FromStr;

use crate::contents::path::{Segment, ValuePath};
use crate::plain_debug::debug_is_display;
use crate::value::text::{push_char, quoted as spelling};

/// Tuples in a key nest no deeper.
const DEPTH: usize = 8;

/// A text that is not a path.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PathSyntax {
    /// The byte of the text at which it stops being one.
    pub at: usize,
    /// The value that should be there.
    pub expected: &'static str,
}

impl fmt::Display for PathSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} of the path should be {}", self.at, self.expected)
    }
}

debug_is_display!(PathSyntax);

impl std::error::Error for PathSyntax {}

impl FromStr for ValuePath {
    type Err = PathSyntax;

    /// Keys with dots between them; a key in brackets and quotes may hold anything, and a number in brackets is
    /// an index: `model["fc.weight"]`, `param_groups[0].lr`. An empty text is the root.
    fn from_str(text: &str) -> Result<Self, PathSyntax> {
        let mut reader = Reader { text, at: 0 };
        let mut segments = Vec::new();
        while !reader.rest().is_empty() {
            let segment = match reader.special()? {
                Some(segment) => segment,
                None => {
                    if !segments.is_empty() && !reader.take('.') {
                        return Err(reader.expected("`.`, `[`, `@` or `{`"));
                    }
                    reader.bare()?
                }
            };
            segments.push(segment);
        }
        Ok(ValuePath::from(segments))
    }
}

/// The segment that a text begins with where it is not a bare key, and how many bytes it has.
pub(super) fn special(text: &str) -> Result<Option<(Segment, usize)>, PathSyntax> {
    let mut reader = Reader { text, at: 0 };
    Ok(reader.special()?.map(|segment| (segment, reader.at)))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, expected: &'static str) -> PathSyntax {
        PathSyntax { at: self.at, expected }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.take_text(wanted.encode_utf8(&mut [0; 4]))
    }

    fn take_text(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn need(&mut self, wanted: char, expected: &'static str) -> Result<(), PathSyntax> {
        if self.take(wanted) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.at += char.len_utf8();
        Some(char)
    }

    /// Takes what comes before the first of these characters.
    fn until(&mut self, ends: &[char]) -> &'t str {
        let len = self.rest().find(ends).unwrap_or(self.rest().len());
        let (found, _) = self.rest().split_at(len);
        self.at += len;
        found
    }

    fn bare(&mut self) -> Result<Segment, PathSyntax> {
        match self.until(&['.', '[', '@', '{']) {
            "" => Err(self.expected("a key")),
            key => Ok(Segment::Key(key.to_owned())),
        }
    }

    /// A segment that begins with a sign of its own.
    fn special(&mut self) -> Result<Option<Segment>, PathSyntax> {
        if self.take('[') {
            let segment = match self.rest().starts_with('{') {
                true => Segment::Entry(self.place()?),
                false => self.key()?,
            };
            self.need(']', "`]`")?;
            return Ok(Some(segment));
        }
        if self.take('@') {
            let name = match self.quote() {
                Some(quote) => self.name(quote)?,
                None => match self.until(&['.', '[', '@', '{']) {
                    "" => return Err(self.expected("a name")),
                    name => name.to_owned(),
                },
            };
            return Ok(Some(Segment::Attribute(name)));
        }
        match self.rest().starts_with('{') {
            true => Ok(Some(Segment::Member(self.place()?))),
            false => Ok(None),
        }
    }

    /// A number in braces.
    fn place(&mut self) -> Result<usize, PathSyntax> {
        self.take('{');
        let start = self.expected("a number");
        let place = self.until(&['}']).parse().map_err(|_| start)?;
        self.need('}', "`}`")?;
        Ok(place)
    }

    /// Reads what stands in brackets: a key as Python writes it.
    fn key(&mut self) -> Result<Segment, PathSyntax> {
        if let Some(quote) = self.quote() {
            return Ok(match String::from_utf8(self.quoted(quote)?) {
                Ok(key) => Segment::Key(key),
                Err(error) => Segment::Literal(spelling(error.as_bytes())),
            });
        }
        let start = self.at;
        let mut text = String::new();
        self.literal(DEPTH, &mut text)?;
        let typed = self.text.get(start..self.at).unwrap_or_default();
        Ok(typed.parse().map_or(Segment::Literal(text), Segment::Index))
    }

    /// Reads a key and writes it as [`spell_key`](super::spelling::spell_key) does.
    fn literal(&mut self, depth: usize, text: &mut String) -> Result<(), PathSyntax> {
        let wrong = self.expected("a number or a quoted key");
        if let Some(quote) = self.quote() {
            text.push_str(&spelling(&self.quoted(quote)?));
        } else if self.rest().starts_with(['b', 'B'])
            && let Some(quote) =
                self.rest().chars().nth(1).filter(|quote| matches!(quote, '"' | '\''))
        {
            self.next();
            let bytes = self.bytes(quote)?;
            text.push_str(&format!("b\"{}\"", bytes.escape_ascii()));
        } else if self.take('<') {
            let quote = self.quote().ok_or_else(|| self.expected("a quoted name"))?;
            text.push_str(&format!("<{:?}>", self.name(quote)?));
            self.need('>', "`>`")?;
            if self.take('(') {
                let quote = self.quote().ok_or_else(|| self.expected("a quoted text"))?;
                text.push_str(&format!("({:?})", self.name(quote)?));
                self.need(')', "`)`")?;
            }
        } else if self.take('(') {
            self.tuple(depth.checked_sub(1).ok_or(wrong)?, text)?;
        } else {
            let word = self.until(&[']', ',', ')']).trim();
            let float = |word: &str| {
                word.parse::<f64>().ok().filter(|_| word.contains(['.', 'e', 'n', 'N']))
            };
            match (word, float(word)) {
                ("None" | "True" | "False", _) => text.push_str(word),
                (_, Some(number)) => text.push_str(&format!("{number:?}")),
                _ if is_integer(word) => text.push_str(word.trim_start_matches('+')),
                _ if word.starts_with("torch.") || word.ends_with('j') => text.push_str(word),
                _ => return Err(wrong),
            }
        }
        Ok(())
    }

    fn tuple(&mut self, depth: usize, text: &mut String) -> Result<(), PathSyntax> {
        text.push('(');
        let mut count = 0;
        loop {
            while self.take(' ') {}
            if self.take(')') {
                break;
            }
            text.push_str(if count > 0 { ", " } else { "" });
            self.literal(depth, text)?;
            count += 1;
            while self.take(' ') {}
            if !self.take(',') {
                self.need(')', "`,` or `)`")?;
                break;
            }
        }
        text.push_str(if count == 1 { ",)" } else { ")" });
        Ok(())
    }

    fn quote(&self) -> Option<char> {
        self.rest().chars().next().filter(|quote| matches!(quote, '"' | '\''))
    }

    /// A quoted text that a Rust text can hold.
    fn name(&mut self, quote: char) -> Result<String, PathSyntax> {
        let wrong = self.expected("a name without lone surrogates");
        String::from_utf8(self.quoted(quote)?).map_err(|_| wrong)
    }

    /// A quoted text, in which there may be lone surrogates.
    fn quoted(&mut self, quote: char) -> Result<Vec<u8>, PathSyntax> {
        self.next();
        let mut key = Vec::new();
        loop {
            let wrong = self.expected("an escaped character");
            let number = match self.next() {
                None => return Err(self.expected("the end of the quoted key")),
                Some(char) if char == quote => return Ok(key),
                Some('\\') => self.escaped()?,
                Some(char) => char.into(),
            };
            if !push_char(&mut key, number) {
                return Err(wrong);
            }
        }
    }

    /// The number of what Rust or Python writes after a backslash in a quoted text.
    fn escaped(&mut self) -> Result<u32, PathSyntax> {
        let wrong = self.expected("an escaped character");
        match self.next() {
            Some('n') => Ok('\n'.into()),
            Some('r') => Ok('\r'.into()),
            Some('t') => Ok('\t'.into()),
            Some('0') => Ok(0),
            Some(same @ ('\\' | '"' | '\'')) => Ok(same.into()),
            Some('u') if self.take('{') => {
                let number = u32::from_str_radix(self.until(&['}']), 16).map_err(|_| wrong)?;
                self.need('}', "`}`")?;
                Ok(number)
            }
            Some('u') => {
                let digits = self.rest().get(..4).ok_or_else(|| wrong.clone())?;
                let number = u32::from_str_radix(digits, 16).map_err(|_| wrong)?;
                self.at += digits.len();
                Ok(number)
            }
            _ => Err(wrong),
        }
    }

    /// Bytes as Rust and Python write them.
    fn bytes(&mut self, quote: char) -> Result<Vec<u8>, PathSyntax> {
        self.next();
        let mut bytes = Vec::new();
        loop {
            let wrong = self.expected("a byte, or the end of the quoted bytes");
            match self.next() {
                Some(char) if char == quote => return Ok(bytes),
                Some('\\') if self.take('x') => {
                    let digits = self.rest().get(..2).ok_or_else(|| wrong.clone())?;
                    bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong)?);
                    self.at += 2;
                }
                Some('\\') => bytes.push(u8::try_from(self.escaped()?).map_err(|_| wrong)?),
                Some(char) if char.is_ascii() => bytes.push(u8::try_from(char).map_err(|_| wrong)?),
                _ => return Err(wrong),
            }
        }
    }
}

fn is_integer(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        let keys = [
            "a",
            "",
            "fc.weight",
            "0",
            "a b",
            "[",
            "\"",
            "\\",
            "\n\0\u{7f}é",
            "'",
            "a]",
            "@",
            "{1}",
        ];
        for first in keys {
            for second in keys {
                let attribute = Segment::Attribute(first.to_owned());
                let literal = Segment::Literal("(1, b\"\\xff\", (None,), 0.5, ())".to_owned());
                for path in [
                    ValuePath::from([first, second]),
                    ValuePath::from((first, -3, second)),
                    ValuePath::from((i64::MIN, first)),
                    ValuePath::from(vec![attribute.clone(), Segment::Key(second.to_owned())]),
                    ValuePath::from(vec![Segment::Member(3), attribute.clone(), Segment::Entry(0)]),
                    ValuePath::from(vec![literal, attribute]),
                ] {
                    assert_eq!(path.to_string().parse(), Ok(path));
                }
            }
        }
        assert_eq!("".parse(), Ok(ValuePath::root()));
        assert_eq!("a-b['x.y'].c".parse(), Ok(ValuePath::from(["a-b", "x.y", "c"])));
        for literal in [
            "None",
            "True",
            "1.0",
            "1e400",
            "-0.0",
            "NaN",
            "torch.bfloat16",
            "1.0+2.0j",
            r#""caf\u{dce9}""#,
            r#"<"m.S">("w")"#,
            r#"(<"m.S">("\u{e9}"), b"\x00")"#,
        ] {
            let path: ValuePath = format!("[{literal}]").parse().unwrap();
            assert!(matches!(path.segments(), [Segment::Literal(_)]), "{literal}");
            assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn what_is_no_path_is_refused_where_it_is_none() {
        for (text, at) in [
            ("a.", 2),
            (".a", 0),
            ("a..b", 2),
            ("a[", 2),
            ("a[x]", 2),
            ("a[0", 3),
            ("a[\"b]", 5),
            ("a{x}", 2),
        ] {
            assert_eq!(text.parse::<ValuePath>().map_err(|error| error.at), Err(at), "{text}");
        }
        for text in [
            "a[0]b",
            "[\"\\q\"]",
            "[\"\\u{zz}\"]",
            "[\"\\u{110000}\"]",
            "[\"\\u{12",
            "[((((((((()]",
        ] {
            assert!(text.parse::<ValuePath>().is_err(), "{text}");
        }
    }
}
