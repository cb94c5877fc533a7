//! Which tensor of the state dict goes into which leaf, and everything that does not fit.

use foldhash::HashSet;

use crate::leaf::TensorError;
use crate::load::incompatible::IncompatibleKeys;
use crate::load::options::LoadOptions;
use crate::load::plan::compat::{self, Fit};
use crate::load::plan::expected::{Plan, is_newer};
use crate::load::plan::extra;
use crate::load::plan::found::Match;
use crate::load::plan::migrate::Migrated;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::visit::{ExtraId, ExtraName, Name};

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
        unused -= usize::from(!std::mem::replace(&mut used[index], true));
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
                let optional = plan.is_optional(name.index(), version);
                (name.key, source.map(|source| source.key().to_owned()), optional)
            }
            Absent::Extra(name) => {
                let source = found.extras[name.index()].as_ref();
                let optional = is_newer(&plan.extra(&name).since, version);
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
        let is_used = |index: usize| used[index];
        let unexpected = map
            .all_keys()
            .filter(|(key, index)| !index.is_some_and(is_used) && !expected.contains(*key));
        found.keys.unexpected_keys.extend(unexpected.map(|(key, _)| key.to_owned()));
    }
    hooks(plan, migrated, options, &mut found.keys, problems);
    if plan.has_forms {
        check_tensors(plan, &mut found, options, problems);
    }
    found
}

/// A name that the state dict lacks.
enum Absent {
    Leaf(Name),
    Extra(Name<ExtraId>),
}

/// Calls `take` with each name of the plan, its place, and where the state dict has it.
pub(in crate::load) fn for_each_entry(
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

/// Returns `true` if the module at `path` is below the one at `above`.
fn is_below(path: &str, above: &str) -> bool {
    crate::key::below(path, above).is_some()
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
        let shape = compat::shape(&leaf, &source, options);
        if let Ok(Fit::Ignored(mismatched)) = shape {
            found.mismatched.push(mismatched);
            found.sources.clear(index);
            continue;
        }
        let refusal = plan.refusal(index).map(|reason| LoadProblem::Refused {
            key: source.key().to_owned(),
            source: TensorError::Library(reason.into()),
        });
        if let Some(refusal) = refusal {
            problems.push(refusal);
            found.sources.clear(index);
            continue;
        }
        match (shape, compat::dtype(&leaf, &source, options)) {
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
