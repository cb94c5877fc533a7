//! Which tensor of the state dict goes into which leaf, and everything that does not fit.

use crate::key;
use crate::load::error::LoadProblem;
use crate::load::options::{AliasPolicy, DTypePolicy, LoadOptions};
use crate::load::plan::{Destination, Plan};
use crate::load::report::Converted;
use crate::map::StateMap;
use crate::tensor::{StorageError, TensorView, widening};

/// Suggestions compare every missing with every unexpected key: beyond this many pairs they would
/// cost more than they help.
const MAX_SUGGESTION_PAIRS: usize = 1 << 16;

/// What goes where.
#[derive(Default)]
pub(crate) struct Match<'m, 's> {
    /// For each leaf of the plan, the entry of the state dict that goes into it.
    pub(crate) sources: Vec<Option<Source<'m, 's>>>,
    pub(crate) missing: Vec<String>,
    pub(crate) unexpected: Vec<String>,
    pub(crate) defaulted: Vec<String>,
    pub(crate) satisfied_by_alias: Vec<(String, String)>,
    pub(crate) converted: Vec<Converted>,
}

/// An entry of the state dict.
#[derive(Clone, Copy)]
pub(crate) struct Source<'m, 's> {
    pub(crate) key: &'m str,
    pub(crate) tensor: &'m TensorView<'s>,
}

/// Matches every name of the plan with the keys of the migrated `map`: linear in both.
/// The modules' versions, as they were found, say what it may lack.
pub(crate) fn match_keys<'m, 's>(
    plan: &Plan,
    map: &'m StateMap<'s>,
    versions: &[Option<u64>],
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Match<'m, 's> {
    let mut found = Match { sources: vec![None; plan.leaves.len()], ..Match::default() };
    let mut used = vec![false; map.len()];
    let mut absent = Vec::new();
    // A file saved by the same model has the same order: then the next key is the right one, and
    // nothing is hashed.
    let mut next = 0;
    for name in &plan.names {
        let index = match map.get_index(next) {
            Some((key, _)) if key == name.key => Some(next),
            _ => map.index_of(&name.key),
        };
        let Some((index, (key, tensor))) =
            index.and_then(|index| Some((index, map.get_index(index)?)))
        else {
            absent.push(name);
            continue;
        };
        next = index + 1;
        if let Some(used) = used.get_mut(index) {
            *used = true;
        }
        if let Some(slot) = found.sources.get_mut(name.index) {
            meet(slot, Source { key, tensor }, options, problems);
        }
    }
    let mut missing = Vec::new();
    for name in absent {
        let Some(leaf) = plan.leaves.get(name.index) else { continue };
        match found.sources.get(name.index) {
            Some(Some(source)) => {
                found.satisfied_by_alias.push((name.key.clone(), source.key.to_owned()));
            }
            _ if leaf.is_optional(versions) => found.defaulted.push(name.key.clone()),
            _ => missing.push((name.key.as_str(), leaf)),
        }
    }
    let unexpected: Vec<Source<'m, 's>> = map
        .iter()
        .zip(used)
        .filter(|(_, used)| !used)
        .map(|((key, tensor), _)| Source { key, tensor })
        .collect();
    if options.strict {
        report_keys(&missing, &unexpected, problems);
    } else {
        found.missing = missing.iter().map(|(key, _)| (*key).to_owned()).collect();
        found.unexpected = unexpected.iter().map(|source| source.key.to_owned()).collect();
    }
    found
}

/// Puts an entry into the slot of its leaf, which another name of the leaf may have filled before.
fn meet<'m, 's>(
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

fn report_keys(
    missing: &[(&str, &Destination)],
    unexpected: &[Source<'_, '_>],
    problems: &mut Vec<LoadProblem>,
) {
    let suggest = missing.len().saturating_mul(unexpected.len()) <= MAX_SUGGESTION_PAIRS;
    let nearest = |key: &str, candidates: &mut dyn Iterator<Item = &str>| {
        if suggest { key::nearest(key, candidates).map(str::to_owned) } else { None }
    };
    problems.extend(missing.iter().map(|&(key, leaf)| LoadProblem::Missing {
        key: key.to_owned(),
        kind: leaf.kind,
        dtype: leaf.dtype,
        shape: leaf.shape.clone(),
        module: leaf.module,
        nearest: nearest(key, &mut unexpected.iter().map(|source| source.key)),
    }));
    problems.extend(unexpected.iter().map(|source| LoadProblem::Unexpected {
        key: source.key.to_owned(),
        dtype: source.tensor.dtype(),
        shape: source.tensor.shape().clone(),
        nearest: nearest(source.key, &mut missing.iter().map(|(key, _)| *key)),
    }));
}

/// Checks shape and element type of every tensor that was found.
pub(crate) fn check_tensors(
    plan: &Plan,
    found: &mut Match<'_, '_>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) {
    for (leaf, source) in plan.leaves.iter().zip(&found.sources) {
        let Some(source) = source else { continue };
        let key = || source.key.to_owned();
        let (shape, dtype) = (source.tensor.shape(), source.tensor.dtype());
        // PyTorch before 0.4 had no 0-dim tensors; its checkpoints hold them with shape (1,).
        let scalar = leaf.shape.is_empty() && *shape == [1];
        if leaf.shape != *shape && !scalar {
            let (expected, found) = (leaf.shape.clone(), shape.clone());
            problems.push(LoadProblem::Shape { key: key(), expected, found });
        }
        if leaf.dtype != dtype {
            if options.dtype == DTypePolicy::Widen && widening(dtype, leaf.dtype).is_some() {
                found.converted.push(Converted { key: key(), from: dtype, to: leaf.dtype });
            } else {
                problems.push(LoadProblem::DType {
                    key: key(),
                    expected: leaf.dtype,
                    found: dtype,
                });
            }
        }
    }
}
