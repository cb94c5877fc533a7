//! PyTorch's own way through a state dict: module by module, parents before children.
//!
//! `torch.nn.Module._load_from_state_dict` looks through the state dict once for every module, and
//! filters it once for every child, which is quadratic for a flat model. Here every key is followed
//! down the tree once; what is reported, and in which order, is the same.

use foldhash::HashSet;

use crate::load::options::LoadOptions;
use crate::load::plan::compat::{self, Fit};
use crate::load::plan::expected::{Plan, is_newer};
use crate::load::plan::extra;
use crate::load::plan::found::{Match, Source};
use crate::load::plan::matching;
use crate::load::plan::migrate::Migrated;
use crate::load::report::problem::LoadProblem;
use crate::load::torch::module_tree::{End, ModuleTree, Node};
use crate::visit::ExtraName;

/// Matches as PyTorch does. A tensor that does not fit is a problem, and its leaf has no source.
pub(in crate::load) fn match_keys<'m, 's>(
    plan: &Plan,
    migrated: &'m Migrated<'_, 's>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Match<'m, 's> {
    let tree = ModuleTree::new(plan);
    let mut entries = Vec::with_capacity(plan.names.len());
    matching::for_each_entry(plan, &migrated.map, |_, _, entry| entries.push(entry));
    let unexpected = unexpected(plan, &entries, migrated, &tree);
    let found = Match::of(plan, &migrated.map);
    let mut scan =
        Scan { plan, migrated, options, tree: &tree, entries, unexpected, found, problems };
    // Not recursive: a model may be deep.
    let mut stack = vec![Turn::Enter(0)];
    while let Some(turn) = stack.pop() {
        match turn {
            Turn::Enter(index) => {
                let node = &tree.nodes[index];
                scan.enter(index, node);
                stack.push(Turn::Leave(index));
                stack.extend(node.children.iter().rev().map(|&child| Turn::Enter(child)));
            }
            Turn::Leave(index) => {
                options.hooks.run_post(&tree.nodes[index].path, &mut scan.found.keys);
            }
        }
    }
    let mut found = scan.found;
    for (index, leaf) in plan.leaves().enumerate() {
        let source = found.sources.get(index);
        // It was converted or refused when it was met.
        let Some(Ok(converted)) = source.map(|source| compat::dtype(&leaf, &source, options))
        else {
            continue;
        };
        found.converted.extend(converted);
    }
    found
}

enum Turn {
    Enter(usize),
    Leave(usize),
}

/// For each node the keys it reports as unexpected: extra state first, then in the order of the
/// state dict.
fn unexpected<'m>(
    plan: &Plan,
    entries: &[Option<usize>],
    migrated: &'m Migrated<'_, '_>,
    tree: &ModuleTree,
) -> Vec<Vec<&'m str>> {
    let map = &*migrated.map;
    let mut used = vec![false; map.len()];
    for index in entries.iter().flatten() {
        used[*index] = true;
    }
    let mut speller = plan.keys.speller();
    let expected: HashSet<String> =
        plan.extra_names.iter().map(|extra| speller.spell(extra.name.key).to_owned()).collect();
    let mut keys: Vec<Vec<&str>> = vec![Vec::new(); tree.nodes.len()];
    for (key, index) in map.all_keys() {
        let used = index.is_some_and(|index| used[index]);
        // A parameter may have the name that is kept for extra state; then it is both loaded and
        // unexpected.
        if used && !key.ends_with("_extra_state") || expected.contains(key) {
            continue;
        }
        let End::Module { node, extra_state } = tree.end_of(key) else { continue };
        let keys = &mut keys[node];
        if extra_state {
            keys.insert(0, key);
        } else if !used {
            keys.push(key);
        }
    }
    keys
}

struct Scan<'a, 'm, 's> {
    plan: &'a Plan,
    migrated: &'m Migrated<'m, 's>,
    options: &'a LoadOptions,
    tree: &'a ModuleTree,
    /// For each name of the plan, where the state dict has it.
    entries: Vec<Option<usize>>,
    unexpected: Vec<Vec<&'m str>>,
    found: Match<'m, 's>,
    problems: &'a mut Vec<LoadProblem>,
}

impl Scan<'_, '_, '_> {
    /// Does what `_load_from_state_dict` does for one module.
    fn enter(&mut self, index: usize, node: &Node) {
        if let Some(added) = node.place.and_then(|place| self.migrated.added.get(&place)) {
            self.found.keys.missing_keys.extend(added.keys.missing_keys.iter().cloned());
            self.found.keys.unexpected_keys.extend(added.keys.unexpected_keys.iter().cloned());
            self.problems.extend(added.problems(&node.path));
        }
        for &number in &node.names {
            let name = &self.plan.names[number];
            let leaf = name.index();
            match self.entries[number] {
                Some(entry) => self.copy(leaf, entry),
                None if self.plan.is_optional(leaf, |module| self.version(index, module)) => {
                    self.found.defaulted.push(self.plan.keys.spell(name.key));
                }
                None => self.found.keys.missing_keys.push(self.plan.keys.spell(name.key)),
            }
        }
        for &number in &node.extras {
            let ExtraName { name, .. } = &self.plan.extra_names[number];
            let (map, found) = (&self.migrated.map, &mut self.found);
            let key = self.plan.keys.spell(name.key);
            if extra::find((name, &key), map, self.options, found, self.problems) {
                continue;
            }
            let version = |module| self.version(index, module);
            if is_newer(&self.plan.extra(name).since, version) {
                self.found.defaulted.push(key);
            } else {
                self.found.keys.missing_keys.push(key);
            }
        }
        let unexpected = self.unexpected[index].iter();
        self.found.keys.unexpected_keys.extend(unexpected.map(|&key| key.to_owned()));
    }
}

impl Scan<'_, '_, '_> {
    /// Decides on one tensor that is there.
    fn copy(&mut self, index: usize, entry: usize) {
        let leaf = &self.plan.leaf(index);
        let source = Source::of(&self.migrated.map, entry);
        match compat::shape(leaf, &source, self.options) {
            Ok(Fit::Yes) => {}
            Ok(Fit::Ignored(mismatched)) => return self.found.mismatched.push(mismatched),
            Err(problem) => return self.problems.push(*problem),
        }
        if let Err(problem) = compat::dtype(leaf, &source, self.options) {
            return self.problems.push(*problem);
        }
        self.found.sources.meet(index, entry, self.options, self.problems);
    }

    /// The version found for `module` on the path of a node: another name may have another.
    fn version(&self, node: usize, module: usize) -> Option<u64> {
        let mut at = Some(node);
        while let Some(node) = at.and_then(|at| self.tree.nodes.get(at)) {
            let place = node.place.and_then(|place| self.plan.places.get(place));
            if place.is_some_and(|place| place.index() == module) {
                return self.migrated.found_at.get(node.place?).copied().flatten();
            }
            at = node.parent;
        }
        self.migrated.found.get(module).copied().flatten()
    }
}
