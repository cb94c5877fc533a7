//! What a scan knows of a value: its text or bytes where it has some, and what it is to call it.

use std::borrow::Cow;

use crate::codec::pickle::literal::{raw_unicode, unescape};

/// What is known of a value on the stack.
#[derive(Clone, Copy)]
pub(super) enum Item<'p> {
    Mark,
    /// UTF-8.
    Text(&'p [u8]),
    /// Text with escapes, as the opcode `UNICODE` has it.
    Escaped(&'p [u8]),
    /// Text in quotes, as the opcode `STRING` has it.
    Quoted(&'p [u8]),
    Bytes(Bytes<'p>),
    /// A tuple of nothing but bytes.
    OfBytes(Bytes<'p>),
    /// A tuple of text and its encoding.
    OfText(Bytes<'p>),
    /// The function that encodes text.
    Encode,
    /// The function that loads a file of bytes, by where it is among what was found.
    Load(usize),
    Other,
    /// Several values of which nothing is known.
    Others(usize),
}

/// A `bytes` of the pickle.
#[derive(Clone, Copy)]
pub(super) enum Bytes<'p> {
    Plain(&'p [u8]),
    /// Text in Latin-1: how protocols before 3 have bytes.
    Text(&'p [u8]),
    Escaped(&'p [u8]),
}

/// Returns what is known of a tuple of these values.
pub(super) fn tuple<'p>(values: &[Item<'p>]) -> Item<'p> {
    match *values {
        [Item::Bytes(bytes)] => Item::OfBytes(bytes),
        // Longer ones are no name of it.
        [text, codec]
            if codec.content().len() < 99 && codec.text().as_deref() == Some("latin1") =>
        {
            match text {
                Item::Text(text) => Item::OfText(Bytes::Text(text)),
                Item::Escaped(line) => Item::OfText(Bytes::Escaped(line)),
                _ => Item::Other,
            }
        }
        _ => Item::Other,
    }
}

impl<'p> Item<'p> {
    /// The bytes of the pickle that its text is made of.
    pub(super) fn content(self) -> &'p [u8] {
        match self {
            Item::Text(text) | Item::Escaped(text) | Item::Quoted(text) => text,
            _ => &[],
        }
    }

    /// The text, where it is one.
    pub(super) fn text(self) -> Option<Cow<'p, str>> {
        match self {
            Item::Text(text) => std::str::from_utf8(text).ok().map(Cow::Borrowed),
            Item::Escaped(line) => String::from_utf8(raw_unicode(line)?).ok().map(Cow::Owned),
            Item::Quoted(line) => {
                let line = line.trim_ascii();
                let inner = match line {
                    [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
                    _ => return None,
                };
                String::from_utf8(unescape(inner)?).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }
}

impl<'p> Bytes<'p> {
    pub(super) fn content(self) -> &'p [u8] {
        let (Bytes::Plain(bytes) | Bytes::Text(bytes) | Bytes::Escaped(bytes)) = self;
        bytes
    }

    /// The bytes; `None` where the text is not in Latin-1.
    pub(super) fn to_vec(self) -> Option<Vec<u8>> {
        let text = match self {
            Bytes::Plain(bytes) => return Some(bytes.to_vec()),
            Bytes::Text(text) => Cow::Borrowed(std::str::from_utf8(text).ok()?),
            Bytes::Escaped(line) => Cow::Owned(String::from_utf8(raw_unicode(line)?).ok()?),
        };
        text.chars().map(|char| u8::try_from(char).ok()).collect()
    }

    /// Returns what tells these bytes from others of the pickle.
    pub(super) fn address(self) -> usize {
        self.content().as_ptr().addr()
    }
}
