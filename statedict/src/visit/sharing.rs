//! Leaves that share their elements: which are one, and whether those are that should be.

use foldhash::{HashMap, HashMapExt};

use crate::key;
use crate::visit::ModelError;
use crate::visit::ids::{Id, LeafId};
use crate::visit::name::{Name, Names};
use crate::visit::walk::Walk;

/// Gives the names of leaves with the same storage one leaf, the first: it is saved and loaded once.
pub(super) fn unify_storages<T>(walk: &Walk<T>, names: &mut Names) {
    let first = Firsts::of(walk);
    for name in names.leaves.iter_mut().filter(|_| first.any()) {
        let leaf = first.first_of(name.id);
        if leaf != name.id {
            *name = Name::new(name.key, leaf, true);
        }
    }
}

/// Checks that what was declared to share its storage does.
pub(super) fn check_ties<T>(walk: &Walk<T>, names: &Names, problems: &mut Vec<ModelError>) {
    if walk.ties.is_empty() {
        return;
    }
    let first = Firsts::of(walk);
    let mut speller = walk.keys.speller();
    let keys: Vec<(String, LeafId)> = names
        .leaves
        .iter()
        .map(|name| (speller.spell(name.key).to_owned(), first.first_of(name.id)))
        .collect();
    let by_key: HashMap<&str, LeafId> =
        keys.iter().map(|(key, storage)| (key.as_str(), *storage)).collect();
    for tie in &walk.ties {
        let mut earlier = Vec::new();
        for (key, storage) in &keys {
            let Some(rest) = within(key, &tie.name) else {
                earlier.push(*storage);
                continue;
            };
            let target = tie.target.as_deref().map(|target| match rest {
                "" => target.to_owned(),
                rest => key::join(target, rest),
            });
            let shared = match &target {
                Some(target) => by_key.get(target.as_str()) == Some(storage),
                None => earlier.contains(storage),
            };
            if !shared {
                problems.push(ModelError::NotShared { key: key.clone(), target });
            }
        }
    }
}

/// Returns the rest of `key` after `path`, without the dot; empty for the path itself.
fn within<'k>(key: &'k str, path: &str) -> Option<&'k str> {
    if key == path { Some("") } else { key::below(key, path) }
}

/// For each leaf, the first of the same storage, type and shape. A leaf that is part of the state dict
/// and one that is not are never taken for one.
#[derive(Default)]
pub(crate) struct Firsts(
    /// Empty where no leaf has a storage that another might share: then each is its own.
    Vec<LeafId>,
);

impl Firsts {
    pub(crate) fn of<T>(walk: &Walk<T>) -> Self {
        if walk.storages.is_empty() {
            return Firsts(Vec::new());
        }
        let mut seen = HashMap::with_capacity(walk.storages.len());
        let first = walk.leaves.enumerated().map(|(index, leaf)| match walk.storage(leaf) {
            Some(storage) => *seen.entry((storage, leaf.kind.is_persistent())).or_insert(index),
            None => index,
        });
        Firsts(first.collect())
    }

    /// The first leaf that is one with this leaf; often itself.
    pub(crate) fn first_of(&self, leaf: LeafId) -> LeafId {
        if self.any() { self.0[leaf.index()] } else { leaf }
    }

    /// The same by number.
    pub(crate) fn of_leaf(&self, index: usize) -> usize {
        self.first_of(LeafId::new(index)).index()
    }

    /// Returns `true` if there may be leaves that are not the first.
    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }
}
