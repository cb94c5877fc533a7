//! Extra states: what the model expects, what the state dict has for it, and handing it over.

use crate::extra_state::ExtraStateError;
use crate::load::matching::Match;
use crate::load::options::LoadOptions;
use crate::load::plan::{Plan, Since};
use crate::load::policy::{AliasPolicy, Atomicity};
use crate::load::problem::LoadProblem;
use crate::map::StateMap;
use crate::tensor::StorageError;
use crate::value::{Graph, SharedValue};
use crate::visit::{ExtraId, ExtraName, Key, Name, StateDict, visit_extra_states};

/// The extra state of a module.
pub(crate) struct ExpectedExtra {
    pub(crate) key: Key,
    /// The Rust type of the module it belongs to.
    pub(crate) module: &'static str,
    /// The modules in whose later versions its module appeared.
    pub(crate) since: Vec<Since>,
}

/// What the state dict has for an extra state.
pub(crate) struct FoundExtra {
    pub(crate) key: String,
    value: SharedValue,
}

/// What modules held before: their extra states by number.
pub(super) type Before = Vec<(usize, SharedValue)>;

/// The names with their positions counted in the leaves that are part of the state dict.
pub(super) fn among_persistent(
    mut names: Vec<ExtraName>,
    leaves: &[Name],
    is_persistent: impl Fn(&Name) -> bool,
) -> Vec<ExtraName> {
    if names.is_empty() {
        return names;
    }
    let counts = leaves.iter().scan(0, |count, name| {
        *count += usize::from(is_persistent(name));
        Some(*count)
    });
    let before: Vec<usize> = std::iter::once(0).chain(counts).collect();
    for name in &mut names {
        name.position = before.get(name.position).copied().unwrap_or_default();
    }
    names
}

/// Looks for an extra state under one of its names; whether the state dict has it.
pub(super) fn find(
    (name, key): (&Name<ExtraId>, &str),
    map: &StateMap<'_>,
    options: &LoadOptions,
    found: &mut Match<'_, '_>,
    problems: &mut Vec<LoadProblem>,
) -> bool {
    let Some(value) = value_of(map, key) else { return false };
    let Some(slot) = found.extras.get_mut(name.index()) else { return true };
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

/// Hands every extra state that was found to its module, and returns what the modules held before, where
/// that is to be kept; and how many were handed over.
///
/// # Errors
/// The first that is not taken: then those before it have been given back. Where PyTorch's rules let a
/// failed load write what it can, all that were not taken are `problems`, and there is no error.
pub(super) fn set<M: StateDict + ?Sized>(
    model: &mut M,
    found: &Match<'_, '_>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Result<(Before, usize), Box<LoadProblem>> {
    let (mut before, mut taken) = (Before::new(), 0);
    if found.extras.iter().all(Option::is_none) {
        return Ok((before, taken));
    }
    let undo = options.atomicity != Atomicity::None;
    let mut failed: Option<(&str, ExtraStateError)> = None;
    let done = visit_extra_states(model, &mut |index, state| {
        let Some(Some(source)) = found.extras.get(index) else { return };
        if failed.is_some() {
            return;
        }
        if undo {
            match SharedValue::of(state.get_extra_state().root()) {
                Ok(value) => before.push((index, value)),
                Err(error) => {
                    failed = Some((&source.key, error.into()));
                    return;
                }
            }
        }
        match state.set_extra_state(source.value.value()) {
            Ok(()) => taken += 1,
            Err(error) if undo => failed = Some((&source.key, error)),
            Err(source_error) => problems.push(LoadProblem::ExtraState {
                key: source.key.clone(),
                source: source_error,
                written: taken,
            }),
        }
    });
    // Another thread has taken a lock since it was checked.
    let gone = done.err().and_then(|gone| gone.into_iter().next());
    let failed = failed.or_else(|| gone.map(|gone| ("", gone.into())));
    let Some((key, source)) = failed else { return Ok((before, taken)) };
    let written = if undo && give_back(model, &before).is_ok() { 0 } else { taken };
    Err(Box::new(LoadProblem::ExtraState { key: key.to_owned(), source, written }))
}

/// Gives modules the extra states that they had.
pub(super) fn give_back<M: StateDict + ?Sized>(
    model: &mut M,
    before: &Before,
) -> Result<(), ExtraStateError> {
    if before.is_empty() {
        return Ok(());
    }
    let mut refused = None;
    let done = visit_extra_states(model, &mut |index, state| {
        if let Some((_, value)) = before.iter().find(|(held, _)| *held == index) {
            // All are given back that can be.
            refused = state.set_extra_state(value.value()).err().or(refused.take());
        }
    });
    match (refused, done.err().and_then(|gone| gone.into_iter().next())) {
        (Some(refused), _) => Err(refused),
        (None, Some(gone)) => Err(gone.into()),
        (None, None) => Ok(()),
    }
}

impl Plan {
    /// The extra state that `name` is of.
    pub(super) fn extra(&self, name: &Name<ExtraId>) -> Option<&ExpectedExtra> {
        self.extras.get(name.index())
    }
}
