//! The final names of a walk: aliases expanded, in the order of the state dict, each key once.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::visit::alias::Expansion;
use crate::visit::keys::{Key, WholeKeys, narrow, wide};
use crate::visit::walk::{Paths, Walk};
use crate::visit::{ModelError, order, sharing};

/// The final names of a walk.
pub(crate) struct Names {
    pub(crate) leaves: Vec<Name>,
    pub(crate) modules: Vec<Name>,
    pub(crate) extras: Vec<ExtraName>,
}

/// The name of a leaf or module in the final order; an alias gives a leaf a second name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) key: Key,
    /// An index into [`Walk::leaves`], [`Walk::modules`] or [`Walk::extras`].
    index: u32,
    pub(crate) alias: bool,
}

impl Name {
    pub(crate) fn new(key: Key, index: usize, alias: bool) -> Self {
        Name { key, index: narrow(index), alias }
    }

    /// An index into [`Walk::leaves`], [`Walk::modules`] or [`Walk::extras`].
    pub(crate) fn index(&self) -> usize {
        wide(self.index)
    }
}

/// The name of an extra state in the final order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtraName {
    pub(crate) name: Name,
    /// How many names of leaves come before it.
    pub(crate) position: usize,
}

impl<T> Walk<T> {
    /// The keys of leaves and the paths of modules in the order of the state dict, aliases included.
    ///
    /// # Errors
    /// All that is wrong with the model's names.
    pub(crate) fn names(&mut self) -> Result<Names, Vec<ModelError>> {
        let mut names = Names {
            leaves: Vec::with_capacity(self.leaves.len()),
            modules: Vec::with_capacity(self.modules.len()),
            extras: Vec::with_capacity(self.extras.len()),
        };
        let mut problems: Vec<ModelError> = self.problems.clone();
        let paths = if self.aliases.is_empty() { Paths(HashMap::new()) } else { self.paths() };
        let mut whole = WholeKeys::of(&self.keys);
        Expansion::new(self, &paths, &mut names, &mut whole, &mut problems).expand_all();
        self.keys.append(whole);
        order::merge_flattened(self, &mut names);
        sharing::check_ties(self, &names, &mut problems);
        sharing::unify_storages(self, &mut names);
        self.siblings.close(self.keys.text());
        // Every other model has a key for every leaf.
        let single = self.aliases.is_empty() && self.again.is_empty() && !self.siblings.repeated;
        if !single || !problems.is_empty() {
            self.find_duplicates(&names, &mut problems);
        }
        if problems.is_empty() { Ok(names) } else { Err(problems) }
    }

    /// The keys that two leaves or extra states have.
    fn find_duplicates(&self, names: &Names, problems: &mut Vec<ModelError>) {
        let mut seen = HashSet::with_capacity(names.leaves.len());
        let mut speller = self.keys.speller();
        let leaves = names.leaves.iter().filter(|name| self.persistent(name));
        for name in leaves.chain(names.extras.iter().map(|extra| &extra.name)) {
            let key = speller.spell(name.key);
            if !seen.insert(key.to_owned()) {
                problems.push(ModelError::Duplicate { key: key.to_owned() });
            }
        }
    }

    fn persistent(&self, name: &Name) -> bool {
        self.leaves.get(name.index()).is_some_and(|leaf| leaf.kind.is_persistent())
    }
}
