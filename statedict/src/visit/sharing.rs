//! Leaves that share their elements: which are one, and whether those are that should be.

use foldhash::{HashMap, HashMapExt};

use crate::key;
use crate::visit::ModelError;
use crate::visit::walk::{Names, Walk};

/// Gives the names of leaves with the same storage one leaf, the first: it is saved and loaded once.
pub(super) fn unify_storages<T>(walk: &Walk<T>, names: &mut Names) {
    let first = first_of_storage(walk);
    for name in &mut names.leaves {
        if let Some(&first) = first.get(name.index).filter(|&&first| first != name.index) {
            name.index = first;
            name.alias = true;
        }
    }
}

/// Checks that what was declared to share its storage does.
pub(super) fn check_ties<T>(walk: &Walk<T>, names: &Names, problems: &mut Vec<ModelError>) {
    if walk.ties.is_empty() {
        return;
    }
    let first = first_of_storage(walk);
    let storage = |index: usize| first.get(index).copied();
    let by_key: HashMap<&str, usize> =
        names.leaves.iter().map(|name| (name.key.as_str(), name.index)).collect();
    for tie in &walk.ties {
        let mut earlier = Vec::new();
        for name in &names.leaves {
            let Some(rest) = within(&name.key, &tie.name) else {
                earlier.push(storage(name.index));
                continue;
            };
            let target = tie.target.as_deref().map(|target| match rest {
                "" => target.to_owned(),
                rest => key::join(target, rest),
            });
            let shared = match &target {
                Some(target) => by_key
                    .get(target.as_str())
                    .is_some_and(|&index| storage(index) == storage(name.index)),
                None => earlier.contains(&storage(name.index)),
            };
            if !shared {
                problems.push(ModelError::NotShared { key: name.key.clone(), target });
            }
        }
    }
}

/// What follows `path` in `key`, without the dot; empty for the path itself.
fn within<'k>(key: &'k str, path: &str) -> Option<&'k str> {
    if key == path { Some("") } else { key::below(key, path) }
}

/// For each leaf, the first of the same storage, type and shape. A leaf that is part of the state dict
/// and one that is not are never taken for one.
pub(crate) fn first_of_storage<T>(walk: &Walk<T>) -> Vec<usize> {
    let mut seen = HashMap::new();
    let leaves = walk.leaves.iter().enumerate();
    leaves
        .map(|(index, leaf)| match &leaf.storage {
            Some(storage) => *seen.entry((storage, leaf.kind.is_persistent())).or_insert(index),
            None => index,
        })
        .collect()
}
