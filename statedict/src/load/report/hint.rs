//! One prefix that explains many keys at once.

use std::fmt;

use foldhash::HashSet;

use crate::load::incompatible::IncompatibleKeys;

/// From how many of the keys a prefix is guessed. A wrapper's is on all of them.
const SAMPLE: usize = 8;

/// A prefix with which, or without which, many of the state dict's unexpected keys would be keys that
/// are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrefixGuess {
    /// The prefix, with its dot.
    pub prefix: String,
    /// Whether the keys of the state dict have it and should not (`true`), or should and have not.
    pub strip: bool,
    /// How many unexpected keys it explains.
    pub explained: usize,
    /// How many unexpected keys there are.
    pub unexpected: usize,
}

impl PrefixGuess {
    /// Looks for a prefix that explains at least two keys, and at least half of the unexpected ones.
    pub(crate) fn new(keys: &IncompatibleKeys) -> Option<PrefixGuess> {
        let missing: HashSet<&str> = keys.missing_keys.iter().map(String::as_str).collect();
        let unexpected: HashSet<&str> = keys.unexpected_keys.iter().map(String::as_str).collect();
        let strip = keys.unexpected_keys.iter().take(SAMPLE).flat_map(|key| cuts(key, &missing));
        let add = keys.missing_keys.iter().take(SAMPLE).flat_map(|key| cuts(key, &unexpected));
        let candidates: HashSet<(bool, &str)> =
            strip.map(|prefix| (true, prefix)).chain(add.map(|prefix| (false, prefix))).collect();
        let count = keys.unexpected_keys.len();
        candidates
            .into_iter()
            .map(|(strip, prefix)| {
                let explains = |key: &&String| {
                    if strip {
                        key.strip_prefix(prefix).is_some_and(|key| missing.contains(key))
                    } else {
                        missing.contains(format!("{prefix}{key}").as_str())
                    }
                };
                let explained = keys.unexpected_keys.iter().filter(explains).count();
                PrefixGuess { prefix: prefix.to_owned(), strip, explained, unexpected: count }
            })
            .filter(|guess| guess.explained >= 2 && guess.explained * 2 >= count)
            .max_by(|a, b| {
                let rank =
                    |guess: &PrefixGuess| (guess.explained, std::cmp::Reverse(guess.prefix.len()));
                rank(a).cmp(&rank(b)).then_with(|| b.prefix.cmp(&a.prefix))
            })
    }
}

/// The prefixes of `key` that end in a dot and leave one of `others`.
fn cuts<'k>(key: &'k str, others: &HashSet<&str>) -> impl Iterator<Item = &'k str> {
    key.match_indices('.').filter_map(|(dot, _)| {
        let (prefix, rest) = key.split_at(dot + 1);
        others.contains(rest).then_some(prefix)
    })
}

impl fmt::Display for PrefixGuess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PrefixGuess { prefix, strip, explained, unexpected } = self;
        let which = if explained == unexpected {
            format!("all {unexpected} unexpected keys")
        } else {
            format!("{explained} of the {unexpected} unexpected keys")
        };
        if *strip {
            write!(
                f,
                "{which} begin with `{prefix}`, and are the model's without it: load with \
                 `LoadOptions::map_keys(KeyMap::new().strip_prefix({prefix:?}))`"
            )
        } else {
            write!(
                f,
                "{which} are the model's with `{prefix}` before them: load with \
                 `LoadOptions::map_keys(KeyMap::new().add_prefix({prefix:?}))`"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(missing: &[&str], unexpected: &[&str]) -> Option<PrefixGuess> {
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
        let keys =
            IncompatibleKeys { missing_keys: owned(missing), unexpected_keys: owned(unexpected) };
        PrefixGuess::new(&keys)
    }

    #[test]
    fn a_prefix_too_many_or_too_few_is_found() {
        let found = guess(&["a.w", "a.b"], &["module.a.w", "module.a.b", "epoch"]).unwrap();
        assert_eq!((found.prefix.as_str(), found.strip, found.explained), ("module.", true, 2));
        assert!(found.to_string().starts_with("2 of the 3 unexpected keys begin with `module.`"));
        let found = guess(&["net.a.w", "net.a.b"], &["a.w", "a.b"]).unwrap();
        assert_eq!((found.prefix.as_str(), found.strip), ("net.", false));
        assert!(found.to_string().starts_with("all 2 unexpected keys are the model's with `net.`"));
    }

    #[test]
    fn one_key_or_a_few_among_many_are_no_reason_to_guess() {
        assert_eq!(guess(&["w"], &["module.w"]), None);
        assert_eq!(guess(&["w", "b"], &["m.w", "m.b", "c", "d", "e"]), None);
        assert_eq!(guess(&[], &["m.w", "m.b"]), None);
    }
}
