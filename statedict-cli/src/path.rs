//! Paths of values as text.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::leaf;
use crate::printable::printable;
use crate::walk::Segment;

/// A path as it is written in Python; a key by itself without brackets. For people: see [`identity`].
pub(crate) fn name(path: &[Segment<'_>]) -> String {
    match path {
        [] => "(the root)".to_owned(),
        [Segment::Key(key)] => printable(key).to_string(),
        path => {
            let mut name = String::new();
            for segment in path {
                // Writing to a string cannot fail.
                let _ = match segment {
                    Segment::Key(key) => write!(name, "[{key:?}]"),
                    Segment::Index(index) => write!(name, "[{index}]"),
                    Segment::Other(key) => write!(name, "[{key:?}]"),
                    Segment::Attribute(attribute) => write!(name, ".{attribute}"),
                };
            }
            printable(&name).to_string()
        }
    }
}

/// A path as patterns of names see it: all segments with dots between.
pub(crate) fn dotted(path: &[Segment<'_>]) -> String {
    let mut name = String::new();
    for segment in path {
        if !name.is_empty() {
            name.push('.');
        }
        // Writing to a string cannot fail.
        let _ = match segment {
            Segment::Key(key) => write!(name, "{key}"),
            Segment::Index(index) => write!(name, "{index}"),
            Segment::Other(key) => write!(name, "{key:?}"),
            Segment::Attribute(attribute) => write!(name, "{attribute}"),
        };
    }
    name
}

/// A path as text that no other path has.
pub(crate) fn identity(path: &[Segment<'_>]) -> String {
    let mut text = String::new();
    for segment in path {
        // Writing to a string cannot fail.
        let _ = match segment {
            Segment::Key(key) => write!(text, "k{}:{key}", key.len()),
            Segment::Index(index) => write!(text, "i{index}:"),
            Segment::Other(key) => {
                let key = leaf::leaf(*key).to_string();
                write!(text, "o{}:{key}", key.len())
            }
            Segment::Attribute(name) => write!(text, "a{}:{name}", name.len()),
        };
    }
    text
}

/// A segment of an identity.
enum Part<'t> {
    Key(&'t str),
    Index(&'t str),
    Other(&'t str),
    Attribute(&'t str),
}

/// The segments that an identity was made of.
fn parts(identity: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = identity;
    while let Some((head, tail)) = rest.split_once(':') {
        let (kind, number) = head.split_at(head.len().min(1));
        if kind == "i" {
            parts.push(Part::Index(number));
            rest = tail;
            continue;
        }
        let (text, after) =
            number.parse().ok().and_then(|len| tail.split_at_checked(len)).unwrap_or((tail, ""));
        parts.push(match kind {
            "k" => Part::Key(text),
            "o" => Part::Other(text),
            _ => Part::Attribute(text),
        });
        rest = after;
    }
    parts
}

/// The name that [`name`] gives to the path of an identity.
pub(crate) fn name_of(identity: &str) -> String {
    let parts = parts(identity);
    let name: String = match parts[..] {
        [] => "(the root)".to_owned(),
        [Part::Key(key)] => key.to_owned(),
        _ => parts
            .iter()
            .map(|part| match part {
                Part::Key(key) => format!("[{key:?}]"),
                Part::Index(index) => format!("[{index}]"),
                Part::Other(leaf) => format!("[{}]", other(leaf)),
                Part::Attribute(name) => format!(".{name}"),
            })
            .collect(),
    };
    printable(&name).to_string()
}

/// The path of an identity as JSON, as [`leaf::path`] has it.
pub(crate) fn json_of(identity: &str) -> Json {
    let part = |part: &Part<'_>| match part {
        Part::Key(key) => json!(key),
        Part::Index(index) => json!(index.parse::<u64>().unwrap_or(u64::MAX)),
        Part::Other(leaf) => json!({"key": serde_json::from_str::<Json>(leaf).unwrap_or_default()}),
        Part::Attribute(name) => json!({"attr": name}),
    };
    Json::Array(parts(identity).iter().map(part).collect())
}

/// A key that is no str, from the JSON of the leaf.
fn other(leaf: &str) -> String {
    let leaf = serde_json::from_str::<Json>(leaf).unwrap_or_default();
    match &leaf["value"] {
        Json::String(text) => text.clone(),
        Json::Null => leaf["type"].as_str().unwrap_or_default().to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pythons_and_identities_differ() {
        let nested = [Segment::Key("model"), Segment::Key("fc.weight"), Segment::Index(0)];
        assert_eq!(name(&nested), "[\"model\"][\"fc.weight\"][0]");
        assert_eq!(name(&[Segment::Key("fc\n")]), "fc\\n");
        assert_eq!(dotted(&nested), "model.fc.weight.0");
        let flat = [Segment::Key("model.fc.weight"), Segment::Index(0)];
        assert_eq!(dotted(&flat), dotted(&nested));
        assert_ne!(identity(&flat), identity(&nested));
        for path in [&nested[..], &flat, &[Segment::Attribute("a:1"), Segment::Key("k3:é")], &[]] {
            assert_eq!(name_of(&identity(path)), name(path));
            assert_eq!(json_of(&identity(path)), leaf::path(path));
        }
    }
}
