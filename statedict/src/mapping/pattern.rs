//! Python's `re.sub` on keys.

use regex_lite::Regex;

use crate::mapping::KeyMapError;

/// A regular expression, and what replaces its matches.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    replacement: String,
}

impl Pattern {
    /// From a pattern and a replacement as Python has them.
    pub(super) fn new(pattern: &str, replacement: &str) -> Result<Self, KeyMapError> {
        let regex = Regex::new(pattern).map_err(|error| KeyMapError::Pattern {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Pattern { regex, replacement: translate(replacement) })
    }

    pub(super) fn replace(&self, key: &str) -> String {
        self.regex.replace_all(key, self.replacement.as_str()).into_owned()
    }
}

/// A replacement of Python's (`\1`, `\g<name>`) in the words of `regex` (`${1}`, `${name}`).
fn translate(replacement: &str) -> String {
    let mut out = String::with_capacity(replacement.len());
    let mut rest = replacement;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match next {
            '$' => out.push_str("$$"),
            '\\' => {
                let digits =
                    rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let named = rest.strip_prefix("g<").and_then(|name| name.split_once('>'));
                if digits > 0 {
                    // Python takes at most two digits.
                    let (group, after) = rest.split_at(digits.min(2));
                    out.push_str(&format!("${{{group}}}"));
                    rest = after;
                } else if let Some((name, after)) = named {
                    out.push_str(&format!("${{{name}}}"));
                    rest = after;
                } else if let Some(escaped) = rest.chars().next() {
                    out.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_pythons() {
        for (pattern, replacement, key, expected) in [
            (r"^module\.", "", "module.module.fc", "module.fc"),
            (r"layer(\d+)\.(\w+)", r"\2.l\1", "a.layer12.fc.weight", "a.fc.l12.weight"),
            (r"(?P<n>\d+)", r"<\g<n>\g<1>>", "b7", "b<77>"),
            ("a", r"\\$1", "cat", r"c\$1t"),
            ("x*", "-", "abxd", "-a-b-d-"),
        ] {
            assert_eq!(Pattern::new(pattern, replacement).unwrap().replace(key), expected);
        }
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        let error = Pattern::new("(", "").unwrap_err();
        assert!(error.to_string().starts_with("`(` is no pattern that can be used: "), "{error}");
    }
}
