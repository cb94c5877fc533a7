//! Handing extra states to their modules, and taking that back.

use foldhash::HashMap;

use crate::extra_state::ExtraStateError;
use crate::load::options::LoadOptions;
use crate::load::plan::found::Match;
use crate::load::policy::Atomicity;
use crate::load::report::problem::LoadProblem;
use crate::load::write::written::Written;
use crate::value::SharedValue;
use crate::visit::{StateDict, visit_extra_states};

/// The extra states that modules held before, by the modules' paths.
pub(super) type Before = HashMap<String, SharedValue>;

/// An extra state that is not taken: its key, which is empty if its module cannot be reached, and the cause.
pub(super) type Refused = (String, ExtraStateError);

/// Hands every extra state that was found to its module, and adds to `before` what the modules held, where
/// that is to be kept; `written` counts those that were handed over.
///
/// # Errors
/// The first that is not taken. Where PyTorch's rules let a failed load write what it can, all that were not taken
/// are problems of `written`, and there is no error.
pub(super) fn set<M: StateDict + ?Sized>(
    model: &mut M,
    found: &Match<'_, '_>,
    options: &LoadOptions,
    before: &mut Before,
    written: &mut Written,
) -> Result<(), Refused> {
    if found.extras.iter().all(Option::is_none) {
        return Ok(());
    }
    let undo = options.atomicity != Atomicity::None;
    let mut failed: Option<Refused> = None;
    let done = visit_extra_states(model, &mut |index, path, state| {
        let found = index.and_then(|index| found.extras.get(index)?.as_ref());
        let Some(source) = found else { return };
        if failed.is_some() {
            return;
        }
        if undo {
            match SharedValue::of(state.get_extra_state().root()) {
                Ok(value) => drop(before.insert(path.to_owned(), value)),
                Err(error) => {
                    failed = Some((source.key.clone(), error.into()));
                    return;
                }
            }
        }
        match state.set_extra_state(source.value.value()) {
            Ok(()) => written.extras += 1,
            Err(error) if undo => failed = Some((source.key.clone(), error)),
            Err(error) => {
                let (key, taken) = (source.key.clone(), written.extras);
                let problem = LoadProblem::ExtraState { key, source: error, written: taken };
                written.problems.push(problem);
            }
        }
    });
    // Another thread has taken a lock since it was checked.
    let gone = done.err().and_then(|gone| gone.into_iter().next());
    match failed.or_else(|| gone.map(|gone| (String::new(), gone.into()))) {
        Some(failed) => Err(failed),
        None => Ok(()),
    }
}

/// Gives modules the extra states that they had, and forgets those that were taken; returns `false` if another thread
/// has a lock, so that not all modules were met.
pub(super) fn give_back<M: StateDict + ?Sized>(model: &mut M, before: &mut Before) -> bool {
    if before.is_empty() {
        return true;
    }
    let done = visit_extra_states(model, &mut |_, path, state| {
        let Some(held) = before.get(path) else { return };
        if state.set_extra_state(held.value()).is_ok() {
            before.remove(path);
        }
    });
    done.is_ok()
}
