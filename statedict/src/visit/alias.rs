//! Aliases: the names under which a leaf or child appears a second time.

use std::ops::Range;

use crate::key;
use crate::visit::ModelError;
use crate::visit::ids::{AliasId, Id, ItemId};
use crate::visit::keys::{Key, WholeKeys};
use crate::visit::name::{ExtraName, Name, Names};
use crate::visit::walk::{Again, Alias, At, Item, Paths, Walk};

/// Replaces each alias by what it stands for.
pub(super) struct Expansion<'w, T> {
    walk: &'w Walk<T>,
    paths: &'w Paths,
    names: &'w mut Names,
    /// The keys that aliases lead to.
    whole: &'w mut WholeKeys,
    /// The aliases being expanded, so that a cycle ends as an error.
    active: Vec<AliasId>,
    problems: &'w mut Vec<ModelError>,
}

impl<'w, T> Expansion<'w, T> {
    pub(super) fn new(
        walk: &'w Walk<T>,
        paths: &'w Paths,
        names: &'w mut Names,
        whole: &'w mut WholeKeys,
        problems: &'w mut Vec<ModelError>,
    ) -> Self {
        Expansion { walk, paths, names, whole, active: Vec::new(), problems }
    }

    /// Adds the names of everything that the walk met.
    pub(super) fn expand_all(&mut self) {
        self.expand(&(ItemId::new(0)..self.walk.items.next_id()), "", "");
    }

    /// Adds the names of `items`, with `to` in place of the prefix `from`.
    fn expand(&mut self, items: &Range<ItemId>, from: &str, to: &str) {
        let alias = from != to;
        let replaced = alias.then_some((from, to));
        for item in self.walk.items.range(items) {
            match *item {
                Item::Module(index) => {
                    let key = self.moved_key(self.walk.modules[index].path, replaced);
                    self.names.modules.push(Name::new(key, index, alias));
                }
                Item::Leaf(index) => {
                    let key = self.moved_key(self.walk.leaves[index].key, replaced);
                    self.names.leaves.push(Name::new(key, index, alias));
                }
                Item::Extra(index) => {
                    let position = self.names.leaves.len();
                    let key = self.moved_key(self.walk.extras[index].key, replaced);
                    let name = Name::new(key, index, alias);
                    self.names.extras.push(ExtraName { name, position });
                }
                Item::Alias(index) => {
                    let Alias { name, target } = &self.walk.aliases[index];
                    self.expand_alias(index, &moved(name, from, to), target);
                }
                Item::Again(index) => {
                    let Again { items, from: first, to: second } = &self.walk.again[index];
                    self.expand(items, first, &moved(second, from, to));
                }
            }
        }
    }

    /// A key of the walk with the second prefix in place of the first.
    #[inline]
    fn moved_key(&mut self, key: Key, replaced: Option<(&str, &str)>) -> Key {
        match replaced {
            None => key,
            Some((from, to)) => self.whole.add(&moved(&self.walk.keys.spell(key), from, to)),
        }
    }

    fn expand_alias(&mut self, index: AliasId, name: &str, target: &str) {
        if self.active.contains(&index) {
            self.problems.push(ModelError::AliasCycle { name: name.to_owned() });
            return;
        }
        self.active.push(index);
        match self.paths.0.get(target) {
            Some(&At::Leaf(leaf)) => {
                let key = self.whole.add(name);
                self.names.leaves.push(Name::new(key, leaf, true));
            }
            Some(&At::Child(child)) => {
                self.expand(&self.walk.children[child], target, name);
            }
            None => self.problems.push(ModelError::AliasTarget {
                name: name.to_owned(),
                target: target.to_owned(),
                nearest: key::nearest(target, self.paths.0.keys().map(String::as_str))
                    .map(str::to_owned),
            }),
        }
        self.active.pop();
    }
}

/// `key` with `to` in place of the prefix `from`.
fn moved(key: &str, from: &str, to: &str) -> String {
    if from == to {
        return key.to_owned();
    }
    match key::below(key, from) {
        Some(rest) => key::join(to, rest),
        None => to.to_owned(),
    }
}
