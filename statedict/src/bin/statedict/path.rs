//! Paths of values as text.

use std::fmt::Write;

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
    }
}
