//! Which tensor of the state dict goes into which leaf, and everything that does not fit.

use foldhash::HashSet;

use crate::load::extra::{self, FoundExtra};
use crate::load::fit::{self, Fit};
use crate::load::incompatible::IncompatibleKeys;
use crate::load::key_list::KeyList;
use crate::load::migrate::Migrated;
use crate::load::options::LoadOptions;
use crate::load::plan::{Plan, is_newer};
use crate::load::policy::AliasPolicy;
use crate::load::problem::LoadProblem;
use crate::load::report::{Converted, Mismatched};
use crate::map::StateMap;
use crate::tensor::{StorageError, TensorView};
use crate::visit::{ExtraId, ExtraName, Name, narrow, wide};

/// What goes where.
pub(crate) struct Match<'m, 's> {
    /// For each leaf of the plan, the entry of the state dict that goes into it.
    pub(crate) sources: Sources<'m, 's>,
    /// For each extra state of the plan, what the state dict has for it.
    pub(crate) extras: Vec<Option<FoundExtra>>,
    pub(crate) keys: IncompatibleKeys,
    pub(crate) defaulted: Vec<String>,
    pub(crate) satisfied_by_alias: Vec<(String, String)>,
    pub(crate) converted: Vec<Converted>,
    pub(crate) mismatched: Vec<Mismatched>,
}

impl<'m, 's> Match<'m, 's> {
    /// Nothing yet, for each leaf and each extra state of the plan.
    pub(super) fn of(plan: &Plan, map: &'m StateMap<'s>) -> Self {
        Match {
            sources: Sources { map, entries: vec![NONE; plan.leaf_count()] },
            extras: plan.extras.iter().map(|_| None).collect(),
            keys: IncompatibleKeys::default(),
            defaulted: Vec::new(),
            satisfied_by_alias: Vec::new(),
            converted: Vec::new(),
            mismatched: Vec::new(),
        }
    }
}

/// An entry of the state dict.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m, 's> {
    pub(crate) key: &'m str,
    pub(crate) tensor: &'m TensorView<'s>,
}

/// For each leaf, the entry of the state dict that goes into it, by its number.
pub(crate) struct Sources<'m, 's> {
    map: &'m StateMap<'s>,
    entries: Vec<u32>,
}

/// The number of no entry.
const NONE: u32 = u32::MAX;

impl<'m, 's> Sources<'m, 's> {
    /// What goes into a leaf.
    pub(crate) fn get(&self, leaf: usize) -> Option<Source<'m, 's>> {
        let entry = self.entries.get(leaf).filter(|&&entry| entry != NONE)?;
        let (key, tensor) = self.map.get_index(wide(*entry))?;
        Some(Source { key, tensor })
    }

    /// What goes into the leaves, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Source<'m, 's>> {
        (0..self.entries.len()).filter_map(|leaf| self.get(leaf))
    }

    /// The keys of all these.
    pub(crate) fn keys(&self) -> KeyList {
        let count = self.entries.iter().filter(|&&entry| entry != NONE).count();
        let mut keys = KeyList::with_capacity(count);
        self.iter().for_each(|source| keys.push(source.key));
        keys
    }

    /// Puts entry number `entry` into a leaf that another name of it may have filled before.
    pub(super) fn meet(
        &mut self,
        leaf: usize,
        entry: usize,
        options: &LoadOptions,
        problems: &mut Vec<LoadProblem>,
    ) {
        let before = self.get(leaf);
        let Some(slot) = self.entries.get_mut(leaf) else { return };
        let Some((before, (key, tensor))) = before.zip(self.map.get_index(entry)) else {
            *slot = narrow(entry);
            return;
        };
        match options.alias {
            AliasPolicy::FirstWins => {}
            AliasPolicy::LastWins => *slot = narrow(entry),
            AliasPolicy::Error => match same_elements(before.tensor, tensor) {
                Ok(true) => {}
                Ok(false) => problems
                    .push(LoadProblem::Alias { key: before.key.to_owned(), other: key.to_owned() }),
                Err(source) => {
                    problems.push(LoadProblem::Storage { key: key.to_owned(), source });
                }
            },
        }
    }

    /// Leaves a leaf as it is.
    fn clear(&mut self, leaf: usize) {
        if let Some(entry) = self.entries.get_mut(leaf) {
            *entry = NONE;
        }
    }
}

/// Matches every name of the plan with the keys of the migrated state dict: linear in both.
pub(crate) fn match_keys<'m, 's>(
    plan: &Plan,
    migrated: &'m Migrated<'_, 's>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Match<'m, 's> {
    let map = &*migrated.map;
    let mut found = Match::of(plan, map);
    let mut used = vec![false; map.len()];
    let mut unused = map.len();
    let mut absent = Vec::new();
    for_each_entry(plan, map, |nth, name, index| {
        let Some(index) = index else {
            absent.push((nth, Absent::Leaf(*name)));
            return;
        };
        if let Some(used) = used.get_mut(index).filter(|used| !**used) {
            *used = true;
            unused -= 1;
        }
        found.sources.meet(name.index(), index, options, problems);
    });
    let mut speller = plan.keys.speller();
    for ExtraName { name, position } in &plan.extra_names {
        if !extra::find((name, speller.spell(name.key)), map, options, &mut found, problems) {
            absent.push((*position, Absent::Extra(*name)));
        }
    }
    // In the model's order: an extra state is before the leaf whose place it has.
    absent.sort_by_key(|(place, absent)| (*place, matches!(absent, Absent::Leaf(_))));
    let version = |module: usize| migrated.found.get(module).copied().flatten();
    for (_, absent) in absent {
        let (key, other, optional) = match absent {
            Absent::Leaf(name) => {
                let source = found.sources.get(name.index());
                let leaf = plan.leaf(name.index());
                let optional = leaf.is_some_and(|leaf| leaf.is_optional(version));
                (name.key, source.map(|source| source.key.to_owned()), optional)
            }
            Absent::Extra(name) => {
                let source = found.extras.get(name.index()).and_then(Option::as_ref);
                let extra = plan.extra(&name);
                let optional = extra.is_some_and(|extra| is_newer(&extra.since, version));
                (name.key, source.map(|source| source.key.clone()), optional)
            }
        };
        let key = speller.spell(key).to_owned();
        match other {
            Some(other) => found.satisfied_by_alias.push((key, other)),
            None if optional => found.defaulted.push(key),
            None => found.keys.missing_keys.push(key),
        }
    }
    // Every key is one that a leaf has, or there are some to look for.
    if unused > 0 || map.values().len() > 0 {
        let expected: HashSet<String> =
            plan.extra_names.iter().map(|extra| speller.spell(extra.name.key).to_owned()).collect();
        let is_used = |index: usize| used.get(index).copied().unwrap_or_default();
        let unexpected = map
            .all_keys()
            .filter(|(key, index)| !index.is_some_and(is_used) && !expected.contains(*key));
        found.keys.unexpected_keys.extend(unexpected.map(|(key, _)| key.to_owned()));
    }
    hooks(plan, migrated, options, &mut found.keys, problems);
    check_tensors(plan, &mut found, options, problems);
    found
}

/// A name that the state dict lacks.
enum Absent {
    Leaf(Name),
    Extra(Name<ExtraId>),
}

/// Calls `take` with each name of the plan, its place, and where the state dict has it.
pub(super) fn for_each_entry(
    plan: &Plan,
    map: &StateMap<'_>,
    mut take: impl FnMut(usize, &Name, Option<usize>),
) {
    let (mut next, mut speller) = (0, plan.keys.speller());
    for (nth, name) in plan.names.iter().enumerate() {
        take(nth, name, map.find_next(&mut next, speller.spell(name.key)));
    }
}

/// Adds what pre-hooks reported, and lets post-hooks change the lists.
fn hooks(
    plan: &Plan,
    migrated: &Migrated<'_, '_>,
    options: &LoadOptions,
    keys: &mut IncompatibleKeys,
    problems: &mut Vec<LoadProblem>,
) {
    for (place, added) in &migrated.added {
        keys.missing_keys.extend(added.keys.missing_keys.iter().cloned());
        keys.unexpected_keys.extend(added.keys.unexpected_keys.iter().cloned());
        let path = plan.places.get(*place).map(|place| plan.keys.spell(place.key));
        problems.extend(added.problems(&path.unwrap_or_default()));
    }
    if options.hooks.paths().next().is_none() {
        return;
    }
    // A child's before its parent's. Parents come first in the plan, so a module's turn is after
    // the last below it.
    let paths = plan.paths();
    let mut open: Vec<&str> = Vec::new();
    for place in &paths {
        while let Some(path) = open.pop_if(|path| !is_below(place, path)) {
            options.hooks.run_post(path, keys);
        }
        open.push(place);
    }
    while let Some(path) = open.pop() {
        options.hooks.run_post(path, keys);
    }
}

/// Whether the module at `path` is below the one at `above`.
fn is_below(path: &str, above: &str) -> bool {
    crate::key::below(path, above).is_some()
}

/// Whether two tensors are equal to the bit; without reading them where they are one storage.
fn same_elements(a: &TensorView<'_>, b: &TensorView<'_>) -> Result<bool, StorageError> {
    if a.same_as(b) {
        return Ok(true);
    }
    Ok(a.dtype() == b.dtype() && a.shape() == b.shape() && a.bytes()? == b.bytes()?)
}

/// Checks shape and element type of every tensor that was found.
fn check_tensors(
    plan: &Plan,
    found: &mut Match<'_, '_>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) {
    for (index, leaf) in plan.leaves().enumerate() {
        let Some(source) = found.sources.get(index) else { continue };
        // Both are looked at, so that both are reported.
        let shape = fit::shape(&leaf, &source, options);
        if let Ok(Fit::Ignored(mismatched)) = shape {
            found.mismatched.push(mismatched);
            found.sources.clear(index);
            continue;
        }
        match (shape, fit::dtype(&leaf, &source, options)) {
            (Ok(_), Ok(converted)) => found.converted.extend(converted),
            (shape, dtype) => {
                problems.extend(shape.err().map(|problem| *problem));
                problems.extend(dtype.err().map(|problem| *problem));
                // Nothing may write it, not even a load that writes what fits.
                found.sources.clear(index);
            }
        }
    }
}
