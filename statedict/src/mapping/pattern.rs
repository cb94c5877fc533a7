//! Python's `re.sub` on keys.

use regex_lite::{Captures, Regex};

use crate::mapping::KeyMapError;

/// A regular expression, and what replaces its matches.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    replacement: Vec<Piece>,
}

/// A part of a replacement.
#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// A group of the pattern, by its number.
    Group(usize),
}

impl Pattern {
    /// Takes a pattern and a replacement as Python has them.
    pub(super) fn new(pattern: &str, replacement: &str) -> Result<Self, KeyMapError> {
        let regex = Regex::new(pattern).map_err(|error| KeyMapError::Pattern {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        })?;
        let pieces = pieces(replacement, &regex).map_err(|reason| KeyMapError::Replacement {
            replacement: replacement.to_owned(),
            reason,
        })?;
        Ok(Pattern { regex, replacement: pieces })
    }

    /// Replaces every match in `key`.
    pub(super) fn replace(&self, key: &str) -> String {
        let mut out = String::with_capacity(key.len());
        let (mut copied, mut from) = (0, 0);
        while let Some(groups) = self.regex.captures_at(key, from) {
            let (start, end) =
                groups.get(0).map_or((key.len(), key.len()), |all| (all.start(), all.end()));
            out.push_str(&key[copied..start]);
            self.write(&groups, &mut out);
            copied = end;
            // As in Python, an empty match may follow another match, but not an empty one at its place.
            from = if start < end {
                end
            } else {
                end + key[end..].chars().next().map_or(1, char::len_utf8)
            };
            if from > key.len() {
                break;
            }
        }
        out.push_str(&key[copied..]);
        out
    }

    /// Appends the replacement of one match.
    fn write(&self, groups: &Captures<'_>, out: &mut String) {
        for piece in &self.replacement {
            match piece {
                Piece::Text(text) => out.push_str(text),
                // A group that took no part in the match is empty, as in Python.
                Piece::Group(number) => {
                    out.push_str(groups.get(*number).map_or("", |group| group.as_str()))
                }
            }
        }
    }
}

/// Reads a replacement of Python's: `\1`, `\g<1>`, `\g<name>`, and `\\` for a backslash.
fn pieces(replacement: &str, regex: &Regex) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = replacement;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let named = escape.strip_prefix("g<").and_then(|name| name.split_once('>'));
        let digits = escape.len() - escape.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (group, after) = match (escape.chars().next(), named) {
            (_, Some((name, after))) => (name, after),
            (Some('1'..='9'), _) if digits <= 2 => escape.split_at(digits),
            (Some('0'..='9'), _) => {
                let number = &escape[..digits];
                return Err(format!(
                    "write `\\g<{number}>` for `\\{number}`, which Python takes for an octal number"
                ));
            }
            (Some('\\'), _) => {
                text.push('\\');
                rest = &escape[1..];
                continue;
            }
            (Some(letter), _) if letter.is_ascii_alphabetic() => {
                return Err(format!("`\\{letter}` does not stand for anything"));
            }
            // Python leaves these as they are.
            _ => {
                text.push('\\');
                rest = escape;
                continue;
            }
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Group(group_named(group, regex)?));
        rest = after;
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// Finds the number of a group of the pattern.
fn group_named(name: &str, regex: &Regex) -> Result<usize, String> {
    let number = match name.parse::<usize>() {
        Ok(number) => Some(number).filter(|&number| number < regex.captures_len()),
        Err(_) => regex.capture_names().position(|known| known == Some(name)),
    };
    number.ok_or_else(|| {
        let groups = match regex.captures_len() - 1 {
            0 => "no groups".to_owned(),
            1 => "1 group".to_owned(),
            count => format!("{count} groups"),
        };
        format!("it names the group `{name}`, and the pattern `{regex}` has {groups}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_pythons() {
        for (pattern, replacement, key, expected) in [
            (r"^module\.", "", "module.module.fc", "module.fc"),
            (r"(^|\.)module\.", r"\1", "module.a.module.b.fc", "a.b.fc"),
            (r"layer(\d+)\.(\w+)", r"\2.l\1", "a.layer12.fc.weight", "a.fc.l12.weight"),
            (r"(?P<n>\d+)", r"<\g<n>\g<1>\g<0>>", "b7", "b<777>"),
            ("a", r"\\$1", "cat", r"c\$1t"),
            ("a", r"\.", "cat", r"c\.t"),
            (r"(a)|b", r"<\1>", "ab", "<a><>"),
            ("x*", "-", "abxd", "-a-b--d-"),
            ("", "ü", "ñ", "üñü"),
        ] {
            assert_eq!(Pattern::new(pattern, replacement).unwrap().replace(key), expected);
        }
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        let error = Pattern::new("(", "").unwrap_err();
        assert!(error.to_string().starts_with("`(` is no pattern that can be used: "), "{error}");
    }

    #[test]
    fn a_group_that_the_pattern_does_not_have_is_refused() {
        for (replacement, reason) in [
            (r"\2", "it names the group `2`, and the pattern `(a)` has 1 group"),
            (r"\g<name>", "it names the group `name`, and the pattern `(a)` has 1 group"),
            (r"\0", r"write `\g<0>` for `\0`, which Python takes for an octal number"),
            (r"\n", r"`\n` does not stand for anything"),
        ] {
            let error = Pattern::new("(a)", replacement).unwrap_err().to_string();
            assert_eq!(error, format!("`{replacement}` cannot replace a match: {reason}"));
        }
    }
}
