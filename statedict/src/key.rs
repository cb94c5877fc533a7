//! Dotted keys: `layer.0.weight` is the parameter `weight` of the child `0` of the child `layer`.

use std::fmt;

use crate::plain_debug::debug_is_display;

/// The last segment of the key of a module's extra state, as PyTorch names it.
pub(crate) const EXTRA_STATE: &str = "_extra_state";

/// Checks that a key is that of a module's extra state.
pub(crate) fn is_extra_state(key: &str) -> bool {
    key.rsplit('.').next() == Some(EXTRA_STATE)
}

/// Why a name cannot be one segment of a key. The rules are those of
/// `torch.nn.Module.register_parameter`, `register_buffer` and `add_module`.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum InvalidName {
    /// The name is the empty string.
    Empty,
    /// The name holds a `.`, which separates segments.
    Dot,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidName::Empty => "a name in a state dict cannot be empty",
            InvalidName::Dot => "a name in a state dict cannot contain `.`",
        })
    }
}

debug_is_display!(InvalidName);

impl std::error::Error for InvalidName {}

/// Checks that `name` can be one segment of a key.
#[inline]
pub(crate) fn check_name(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() {
        Err(InvalidName::Empty)
    } else if name.bytes().any(|byte| byte == b'.') {
        Err(InvalidName::Dot)
    } else {
        Ok(())
    }
}

/// `prefix.name`, or `name` alone at the root.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        return name.to_owned();
    }
    let mut key = String::with_capacity(prefix.len() + 1 + name.len());
    key.push_str(prefix);
    key.push('.');
    key.push_str(name);
    key
}

/// Extends the path of a module by the name of one in it.
pub(crate) fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Returns the rest of `key` after `prefix.`; the whole key where `prefix` is the root.
pub(crate) fn below<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    if prefix.is_empty() {
        return Some(key);
    }
    key.strip_prefix(prefix)?.strip_prefix('.')
}

/// Of `candidates`, the one most like `key`: the nearest by edit distance, within a third of the
/// key's length (rustc's rule for misspelt names), the first of equals.
pub(crate) fn nearest<'c>(
    key: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = key.chars().count().div_ceil(3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let limit = best.map_or(limit, |(distance, _)| distance.saturating_sub(1));
        if let Some(distance) = distance_within(key, candidate, limit)
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The edit distance (insert, delete, replace) of two strings, where it is at most `limit`.
fn distance_within(a: &str, b: &str, limit: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count().abs_diff(b.len()) > limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, &y) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
            least = least.min(left);
        }
        // No later row can fall below the least of this one.
        if least > limit {
            return None;
        }
    }
    row.last().copied().filter(|&distance| distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_torch_does() {
        assert_eq!(check_name("weight"), Ok(()));
        assert_eq!(check_name(""), Err(InvalidName::Empty));
        assert_eq!(check_name("a.b"), Err(InvalidName::Dot));
    }

    #[test]
    fn below_needs_a_whole_segment() {
        assert_eq!(below("fc.weight", "fc"), Some("weight"));
        assert_eq!(below("fc2.weight", "fc"), None);
        assert_eq!(below("fc", "fc"), None);
        assert_eq!(below("fc.weight", ""), Some("fc.weight"));
    }

    #[test]
    fn the_nearest_key_is_the_least_edited() {
        let keys = ["fc.weight", "fc2.weight", "conv.weight"];
        assert_eq!(nearest("fc_2.weight", keys), Some("fc2.weight"));
        assert_eq!(nearest("fc2.weight", keys), Some("fc2.weight"));
        assert_eq!(nearest("embedding", keys), None);
    }

    #[test]
    fn distance_is_levenshteins() {
        assert_eq!(distance_within("kitten", "sitting", 3), Some(3));
        assert_eq!(distance_within("kitten", "sitting", 2), None);
        assert_eq!(distance_within("", "abc", 3), Some(3));
        assert_eq!(distance_within("abc", "abc", 0), Some(0));
    }
}
