//! Patterns of names: `*` within a segment, `**` across segments.

use regex_lite::Regex;

use crate::failure::Failure;

/// A pattern of names.
#[derive(Debug, Clone)]
pub(crate) struct Glob(Regex, String);

/// As clap parses an argument.
pub(crate) fn parse(pattern: &str) -> Result<Glob, String> {
    Glob::new(pattern).map_err(|error| error.to_string())
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Result<Self, Failure> {
        let mut regex = String::from("(?s)^");
        let mut rest = pattern;
        let mut open = 0usize;
        while let Some(char) = rest.chars().next() {
            // What stands for no segment as well takes its dot along.
            if let Some(after) = rest.strip_prefix("**.") {
                regex.push_str("(?:.*\\.)?");
                rest = after;
                continue;
            }
            if rest == ".**" {
                regex.push_str("(?:\\..*)?");
                break;
            }
            if let Some(after) = rest.strip_prefix("**") {
                regex.push_str(".*");
                rest = after;
                continue;
            }
            match char {
                '*' => regex.push_str("[^.]*"),
                '?' => regex.push_str("[^.]"),
                '{' => {
                    open += 1;
                    regex.push_str("(?:");
                }
                '}' if open > 0 => {
                    open -= 1;
                    regex.push(')');
                }
                ',' if open > 0 => regex.push('|'),
                char => regex.push_str(&regex_lite::escape(char.encode_utf8(&mut [0; 4]))),
            }
            rest = &rest[char.len_utf8()..];
        }
        if open > 0 {
            return Err("a `{` without its `}`".into());
        }
        regex.push('$');
        Ok(Glob(Regex::new(&regex)?, pattern.to_owned()))
    }

    pub(crate) fn pattern(&self) -> &str {
        &self.1
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

/// Which names are shown: arguments that commands have in common.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Filter {
    /// Show only names that match: `*` stands for a part of a segment, `**` for any number of segments,
    /// `{a,b}` for either
    #[arg(long, value_name = "GLOB", value_parser = parse)]
    include: Vec<Glob>,
    /// Leave out names that match
    #[arg(long, value_name = "GLOB", value_parser = parse)]
    exclude: Vec<Glob>,
}

impl Filter {
    pub(crate) fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    pub(crate) fn takes(&self, name: &str) -> bool {
        (self.include.is_empty() || self.include.iter().any(|glob| glob.matches(name)))
            && !self.exclude.iter().any(|glob| glob.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).unwrap().matches(name)
    }

    #[test]
    fn stars_stand_for_segments_and_parts_of_them() {
        assert!(matches("**.self_attn.**", "layers.0.self_attn.q.weight"));
        assert!(matches("**.self_attn.**", "self_attn"));
        assert!(!matches("**.self_attn.**", "layers.0.self_attn_norm.weight"));
        assert!(matches("layers.*.weight", "layers.0.weight"));
        assert!(!matches("layers.*.weight", "layers.0.norm.weight"));
        assert!(matches("**weight", "a.b.weight"));
        assert!(matches("h.?.{w,bias}", "h.3.bias"));
        assert!(!matches("h.?.{w,bias}", "h.12.bias"));
        assert!(matches("a(b", "a(b"));
        assert!(Glob::new("a{b").is_err());
    }
}
