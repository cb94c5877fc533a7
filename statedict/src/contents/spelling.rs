//! Paths as text.

use std::fmt::{self, Write};

use crate::contents::path::{Segment, ValuePath};
use crate::value::text::quoted;
use crate::value::{Kind, Object, Value};

/// A key that is longer, or has more parts, is meant by its place.
const LENGTH: usize = 256;
const PARTS: usize = 32;
const DEPTH: usize = 8;

/// Checks that a key or name can stand in a path without quotes.
pub(super) fn is_plain(key: &str) -> bool {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    !key.is_empty() && key.chars().all(word)
}

/// Checks that a key is what nothing but a str is written as.
fn is_identifier(key: &str) -> bool {
    is_plain(key)
        && !key.starts_with(|char: char| char.is_ascii_digit())
        && !matches!(key, "None" | "True" | "False")
}

impl fmt::Display for ValuePath {
    /// What no other path has, and what [`str::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments().iter().enumerate() {
            match segment {
                Segment::Key(key) if index == 0 && is_identifier(key) => f.write_str(key)?,
                Segment::Key(key) => write!(f, "[{key:?}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Literal(key) => write!(f, "[{key}]")?,
                Segment::Attribute(name) if is_plain(name) => write!(f, "@{name}")?,
                Segment::Attribute(name) => write!(f, "@{name:?}")?,
                Segment::Member(place) => write!(f, "{{{place}}}")?,
                Segment::Entry(place) => write!(f, "[{{{place}}}]")?,
            }
        }
        Ok(())
    }
}

/// A key as Python writes it, where that is short and says all of it.
pub(super) fn spell_key(key: Value<'_>) -> Option<String> {
    let mut text = String::new();
    let mut parts = PARTS;
    spell(key, (DEPTH, &mut parts), &mut text)?;
    Some(text)
}

/// The class of an object that `__new__` made of a text alone.
fn class_name(object: Object<'_>) -> Option<String> {
    match object.class().kind() {
        Kind::Global(name) if object.is_new() && object.state().is_none() => Some(name.to_string()),
        _ => None,
    }
}

fn spell(key: Value<'_>, (depth, parts): (usize, &mut usize), text: &mut String) -> Option<()> {
    *parts = parts.checked_sub(1)?;
    if key.text_len() > LENGTH {
        return None;
    }
    let written = match key.kind() {
        Kind::None => write!(text, "None"),
        Kind::Bool(value) => write!(text, "{}", if value { "True" } else { "False" }),
        Kind::Int(value) => write!(text, "{value}"),
        Kind::Float(value) => write!(text, "{value:?}"),
        Kind::Complex { re, im } => write!(text, "{re:?}{im:+?}j"),
        Kind::Str(value) => write!(text, "{value:?}"),
        Kind::Surrogates(bytes) => text.write_str(&quoted(bytes)),
        Kind::Bytes(bytes) => {
            write!(text, "b\"{}\"", bytes.escape_ascii())
        }
        Kind::DType(dtype) => write!(text, "torch.{dtype}"),
        Kind::Global(name) => write!(text, "<{:?}>", name.to_string()),
        Kind::Tuple(items) => {
            let depth = depth.checked_sub(1)?;
            text.push('(');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                spell(item, (depth, &mut *parts), text)?;
            }
            text.push_str(if items.len() == 1 { ",)" } else { ")" });
            Ok(())
        }
        _ => {
            let class = match key.kind() {
                Kind::Object(object) => class_name(object)?,
                _ => key.type_name(),
            };
            let content = key.text().filter(|content| content.len() <= LENGTH)?;
            write!(text, "<{class:?}>({content:?})")
        }
    };
    written.ok().filter(|()| text.len() <= LENGTH)
}
