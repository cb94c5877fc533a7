//! Handing extra states to their modules, and taking that back.

use crate::extra_state::ExtraStateError;
use crate::load::options::LoadOptions;
use crate::load::plan::found::Match;
use crate::load::policy::Atomicity;
use crate::load::report::problem::LoadProblem;
use crate::value::SharedValue;
use crate::visit::{StateDict, visit_extra_states};

/// What modules held before: their extra states by number.
pub(in crate::load) type Before = Vec<(usize, SharedValue)>;

/// Hands every extra state that was found to its module, and returns what the modules held before, where
/// that is to be kept; and how many were handed over.
///
/// # Errors
/// The first that is not taken: then those before it have been given back. Where PyTorch's rules let a
/// failed load write what it can, all that were not taken are `problems`, and there is no error.
pub(in crate::load) fn set<M: StateDict + ?Sized>(
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
pub(in crate::load) fn give_back<M: StateDict + ?Sized>(
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
