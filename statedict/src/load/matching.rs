//! Which tensor of the state dict goes into which leaf, and everything that does not fit.

use foldhash::HashSet;

use crate::load::extra::{self, FoundExtra};
use crate::load::fit::{self, Fit};
use crate::load::incompatible::IncompatibleKeys;
use crate::load::migrate::Migrated;
use crate::load::options::LoadOptions;
use crate::load::plan::{Plan, is_newer};
use crate::load::policy::AliasPolicy;
use crate::load::problem::LoadProblem;
use crate::load::report::{Converted, Mismatched};
use crate::map::StateMap;
use crate::tensor::{StorageError, TensorView};
use crate::visit::{ExtraName, Name};

/// What goes where.
#[derive(Default)]
pub(crate) struct Match<'m, 's> {
    /// For each leaf of the plan, the entry of the state dict that goes into it.
    pub(crate) sources: Vec<Option<Source<'m, 's>>>,
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
    pub(super) fn of(plan: &Plan) -> Self {
        Match {
            sources: vec![None; plan.leaves.len()],
            extras: plan.extras.iter().map(|_| None).collect(),
            ..Match::default()
        }
    }
}

/// An entry of the state dict.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m, 's> {
    pub(crate) key: &'m str,
    pub(crate) tensor: &'m TensorView<'s>,
}

/// Matches every name of the plan with the keys of the migrated state dict: linear in both.
pub(crate) fn match_keys<'m, 's>(
    plan: &Plan,
    migrated: &'m Migrated<'_, 's>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Match<'m, 's> {
    let map = &*migrated.map;
    let mut found = Match::of(plan);
    let mut used = vec![false; map.len()];
    let mut absent = Vec::new();
    for (nth, (name, index)) in plan.names.iter().zip(entries(plan, map)).enumerate() {
        let Some((index, (key, tensor))) =
            index.and_then(|index| Some((index, map.get_index(index)?)))
        else {
            absent.push((nth, Absent::Leaf(name)));
            continue;
        };
        if let Some(used) = used.get_mut(index) {
            *used = true;
        }
        if let Some(slot) = found.sources.get_mut(name.index) {
            meet(slot, Source { key, tensor }, options, problems);
        }
    }
    for ExtraName { name, position } in &plan.extra_names {
        if !extra::find(name, map, options, &mut found, problems) {
            absent.push((*position, Absent::Extra(name)));
        }
    }
    // In the model's order: an extra state is before the leaf whose place it has.
    absent.sort_by_key(|(place, absent)| (*place, matches!(absent, Absent::Leaf(_))));
    let version = |module: usize| migrated.found.get(module).copied().flatten();
    for (_, absent) in absent {
        let (key, other, optional) = match absent {
            Absent::Leaf(name) => {
                let source = found.sources.get(name.index).and_then(Option::as_ref);
                let leaf = plan.leaves.get(name.index);
                let optional = leaf.is_some_and(|leaf| leaf.is_optional(version));
                (&name.key, source.map(|source| source.key), optional)
            }
            Absent::Extra(name) => {
                let source = found.extras.get(name.index).and_then(Option::as_ref);
                let extra = plan.extra(name);
                let optional = extra.is_some_and(|extra| is_newer(&extra.since, version));
                (&name.key, source.map(|source| source.key.as_str()), optional)
            }
        };
        match other {
            Some(other) => found.satisfied_by_alias.push((key.clone(), other.to_owned())),
            None if optional => found.defaulted.push(key.clone()),
            None => found.keys.missing_keys.push(key.clone()),
        }
    }
    let expected: HashSet<&str> =
        plan.extra_names.iter().map(|extra| extra.name.key.as_str()).collect();
    let is_used = |index: usize| used.get(index).copied().unwrap_or_default();
    let unexpected = map
        .all_keys()
        .filter(|(key, index)| !index.is_some_and(is_used) && !expected.contains(key));
    found.keys.unexpected_keys.extend(unexpected.map(|(key, _)| key.to_owned()));
    hooks(plan, migrated, options, &mut found.keys, problems);
    check_tensors(plan, &mut found, options, problems);
    found
}

/// A name that the state dict lacks.
enum Absent<'p> {
    Leaf(&'p Name),
    Extra(&'p Name),
}

/// For each name of the plan, where the state dict has it.
pub(super) fn entries(plan: &Plan, map: &StateMap<'_>) -> impl Iterator<Item = Option<usize>> {
    let mut next = 0;
    plan.names.iter().map(move |name| map.find_next(&mut next, &name.key))
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
        let path = plan.modules.get(*place).map_or("", |place| &place.path);
        problems.extend(added.problems(path));
    }
    if options.hooks.paths().next().is_none() {
        return;
    }
    // A child's before its parent's. Parents come first in the plan, so a module's turn is after
    // the last below it.
    let mut open: Vec<&str> = Vec::new();
    for place in &plan.modules {
        while let Some(path) = open.pop_if(|path| !is_below(&place.path, path)) {
            options.hooks.run_post(path, keys);
        }
        open.push(&place.path);
    }
    while let Some(path) = open.pop() {
        options.hooks.run_post(path, keys);
    }
}

/// Whether the module at `path` is below the one at `above`.
fn is_below(path: &str, above: &str) -> bool {
    crate::key::below(path, above).is_some()
}

/// Puts an entry into the slot of its leaf, which another name of the leaf may have filled before.
pub(super) fn meet<'m, 's>(
    slot: &mut Option<Source<'m, 's>>,
    source: Source<'m, 's>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) {
    let Some(before) = slot else {
        *slot = Some(source);
        return;
    };
    match options.alias {
        AliasPolicy::FirstWins => {}
        AliasPolicy::LastWins => *before = source,
        AliasPolicy::Error => match same_elements(before.tensor, source.tensor) {
            Ok(true) => {}
            Ok(false) => problems.push(LoadProblem::Alias {
                key: before.key.to_owned(),
                other: source.key.to_owned(),
            }),
            Err(error) => {
                problems.push(LoadProblem::Storage { key: source.key.to_owned(), source: error });
            }
        },
    }
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
    for (leaf, slot) in plan.leaves.iter().zip(&mut found.sources) {
        let Some(source) = *slot else { continue };
        // Both are looked at, so that both are reported.
        let shape = fit::shape(leaf, &source, options);
        if let Ok(Fit::Ignored(mismatched)) = shape {
            found.mismatched.push(mismatched);
            *slot = None;
            continue;
        }
        match (shape, fit::dtype(leaf, &source, options)) {
            (Ok(_), Ok(converted)) => found.converted.extend(converted),
            (shape, dtype) => {
                problems.extend(shape.err().map(|problem| *problem));
                problems.extend(dtype.err().map(|problem| *problem));
                // Nothing may write it, not even a load that writes what fits.
                *slot = None;
            }
        }
    }
}
