//! What the state dict has for the extra states of a model.

use crate::load::options::LoadOptions;
use crate::load::plan::found::{FoundExtra, Match};
use crate::load::policy::AliasPolicy;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::tensor::StorageError;
use crate::value::{Graph, SharedValue};
use crate::visit::{ExtraId, Name};

/// Looks for an extra state under one of its names; whether the state dict has it.
pub(in crate::load) fn find(
    (name, key): (&Name<ExtraId>, &str),
    map: &StateMap<'_>,
    options: &LoadOptions,
    found: &mut Match<'_, '_>,
    problems: &mut Vec<LoadProblem>,
) -> bool {
    let Some(value) = value_of(map, key) else { return false };
    let slot = &mut found.extras[name.index()];
    let value = match value {
        Ok(value) => value,
        Err(source) => {
            let (key, source) = (key.to_owned(), source.into());
            problems.push(LoadProblem::ExtraState { key, source, written: 0 });
            return true;
        }
    };
    match (slot.as_ref(), options.alias) {
        (Some(_), AliasPolicy::FirstWins) => {}
        (Some(before), AliasPolicy::Error) => {
            if before.value != value {
                let (key, other) = (before.key.clone(), key.to_owned());
                problems.push(LoadProblem::Alias { key, other });
            }
        }
        _ => *slot = Some(FoundExtra { key: key.to_owned(), value }),
    }
    true
}

/// The value under `key`, which may be a tensor: a module's extra state can be anything.
fn value_of(map: &StateMap<'_>, key: &str) -> Option<Result<SharedValue, StorageError>> {
    match map.value(key) {
        Some(value) => Some(Ok(value.clone())),
        None => Some(SharedValue::of(Graph::of(map.get(key)?.clone()).root())),
    }
}
