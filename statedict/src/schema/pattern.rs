//! Patterns of paths, and what they stand for in a state dict.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::key;

/// The segments of a path; none of the root's.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|segment| !segment.is_empty())
}

/// The first `count` segments of `path`.
pub(crate) fn first(path: &str, count: usize) -> &str {
    match path.match_indices('.').nth(count.saturating_sub(1)) {
        _ if count == 0 => "",
        Some((end, _)) => path.get(..end).unwrap_or(path),
        None => path,
    }
}

/// Returns the part of `path` below `pattern`: empty where it is that place itself.
pub(crate) fn rest_below<'p>(path: &'p str, pattern: &str) -> Option<Vec<&'p str>> {
    let mut rest = segments(path);
    for wanted in segments(pattern) {
        let found = rest.next()?;
        if found != wanted && found != "*" && wanted != "*" {
            return None;
        }
    }
    Some(rest.collect())
}

/// The patterns of a schema, to be matched with the keys of a state dict.
pub(crate) struct Patterns<'p> {
    /// Every pattern and every beginning of one.
    known: HashSet<&'p str>,
}

/// The paths of a state dict: what is right below each.
pub(crate) struct Paths<'k> {
    below: HashMap<&'k str, BTreeSet<&'k str>>,
    present: HashSet<&'k str>,
}

impl<'k> Paths<'k> {
    pub(crate) fn new(keys: impl IntoIterator<Item = &'k str>) -> Self {
        let mut paths = Paths { below: HashMap::new(), present: HashSet::new() };
        for key in keys {
            let mut at = key;
            while !at.is_empty() && paths.present.insert(at) {
                let (parent, name) = at.rsplit_once('.').unwrap_or(("", at));
                paths.below.entry(parent).or_default().insert(name);
                at = parent;
            }
        }
        paths
    }

    /// Returns `true` if there is anything at `path` or below it.
    pub(crate) fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.present.contains(path)
    }
}

impl<'p> Patterns<'p> {
    pub(crate) fn new(patterns: impl IntoIterator<Item = &'p str>) -> Self {
        let mut known = HashSet::new();
        for pattern in patterns {
            let mut at = pattern;
            while !at.is_empty() && known.insert(at) {
                at = at.rsplit_once('.').map_or("", |(parent, _)| parent);
            }
        }
        Patterns { known }
    }

    /// The paths that `pattern` stands for: a `*` is any segment there is that has no pattern of its own.
    pub(crate) fn expand(&self, pattern: &str, paths: &Paths<'_>) -> Vec<String> {
        let mut found = vec![String::new()];
        let mut before = String::new();
        for segment in segments(pattern) {
            found = if segment == "*" {
                let names = |at: &String| {
                    let names = paths.below.get(at.as_str()).into_iter().flatten();
                    let mut names: Vec<&str> = names
                        .copied()
                        .filter(|name| !self.known.contains(key::join(&before, name).as_str()))
                        .collect();
                    // Lists count on: `10` comes after `9`.
                    names.sort_by_key(|name| name.parse::<usize>().unwrap_or(usize::MAX));
                    names.into_iter().map(|name| key::join(at, name)).collect::<Vec<_>>()
                };
                found.iter().flat_map(names).collect()
            } else {
                found.iter().map(|at| key::join(at, segment)).collect()
            };
            before = key::join(&before, segment);
        }
        found
    }
}
