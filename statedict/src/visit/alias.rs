//! Aliases: the names under which a leaf or child appears a second time.

use std::ops::Range;

use crate::key;
use crate::visit::ModelError;
use crate::visit::walk::{Again, Alias, At, ExtraName, Item, Name, Names, Paths, Walk};

/// Replaces each alias by what it stands for.
pub(super) struct Expansion<'w, T> {
    walk: &'w Walk<T>,
    paths: &'w Paths,
    names: &'w mut Names,
    /// The aliases being expanded, so that a cycle ends as an error.
    active: Vec<usize>,
    problems: &'w mut Vec<ModelError>,
}

impl<'w, T> Expansion<'w, T> {
    pub(super) fn new(
        walk: &'w Walk<T>,
        paths: &'w Paths,
        names: &'w mut Names,
        problems: &'w mut Vec<ModelError>,
    ) -> Self {
        Expansion { walk, paths, names, active: Vec::new(), problems }
    }

    /// Adds the names of `items`, with `to` in place of the prefix `from`.
    pub(super) fn expand(&mut self, items: Range<usize>, from: &str, to: &str) {
        let alias = from != to;
        let moved = |key: &str| {
            if !alias {
                return key.to_owned();
            }
            match key::below(key, from) {
                Some(rest) => key::join(to, rest),
                None => to.to_owned(),
            }
        };
        for item in self.walk.items.get(items).unwrap_or_default() {
            match *item {
                Item::Module(index) => {
                    if let Some(module) = self.walk.modules.get(index) {
                        self.names.modules.push(Name { key: moved(&module.path), index, alias });
                    }
                }
                Item::Leaf(index) => {
                    if let Some(leaf) = self.walk.leaves.get(index) {
                        self.names.leaves.push(Name { key: moved(&leaf.key), index, alias });
                    }
                }
                Item::Extra(index) => {
                    if let Some(extra) = self.walk.extras.get(index) {
                        let position = self.names.leaves.len();
                        let name = Name { key: moved(&extra.key), index, alias };
                        self.names.extras.push(ExtraName { name, position });
                    }
                }
                Item::Alias(index) => {
                    if let Some(Alias { name, target }) = self.walk.aliases.get(index) {
                        self.expand_alias(index, &moved(name), target);
                    }
                }
                Item::Again(index) => {
                    if let Some(Again { items, from, to }) = self.walk.again.get(index) {
                        self.expand(items.clone(), from, &moved(to));
                    }
                }
            }
        }
    }

    fn expand_alias(&mut self, index: usize, name: &str, target: &str) {
        if self.active.contains(&index) {
            self.problems.push(ModelError::AliasCycle { name: name.to_owned() });
            return;
        }
        self.active.push(index);
        match self.paths.0.get(target) {
            Some(&At::Leaf(leaf)) => {
                self.names.leaves.push(Name { key: name.to_owned(), index: leaf, alias: true });
            }
            Some(&At::Child(child)) => {
                if let Some(subtree) = self.walk.children.get(child) {
                    self.expand(subtree.items.clone(), target, name);
                }
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
