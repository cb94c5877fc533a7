//! The final names of a walk: aliases expanded, in the order of the state dict, each key once.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::visit::alias::Expansion;
use crate::visit::keys::WholeKeys;
use crate::visit::name::Names;
use crate::visit::walk::{Paths, Walk};
use crate::visit::{ModelError, order, sharing};

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
        let leaves = names.leaves.iter().filter(|name| self.leaves[name.id].kind.is_persistent());
        let extras = names.extras.iter().map(|extra| extra.name.key);
        for key in leaves.map(|name| name.key).chain(extras) {
            let key = speller.spell(key);
            if !seen.insert(key.to_owned()) {
                problems.push(ModelError::Duplicate { key: key.to_owned() });
            }
        }
    }
}
