//! Visits of every module that touch no leaf: the mode flags, the extra states, and the hooks after a
//! load.

use std::cell::RefCell;

use foldhash::{HashSet, HashSetExt};

use crate::extra_state::ExtraState;
use crate::traits::{StateDict, StorageId, TensorMut};
use crate::visit::{Loaded, ModelError, ModuleInfo, Unavailable, VisitorMut};

/// Sets the mode flag of every module.
///
/// # Errors
/// All modules that cannot be reached; the others are set.
pub(crate) fn set_training<M: StateDict + ?Sized>(
    model: &mut M,
    training: bool,
) -> Result<(), Vec<ModelError>> {
    let mut tour = Tour::new(Job::Mode(training));
    model.visit_mut(&mut tour);
    if tour.problems.is_empty() { Ok(()) } else { Err(tour.problems) }
}

/// Runs the `post_load` hooks of `model`, a module's after those of the modules below it.
///
/// A module lends its leaves for as long as it is visited, so that a hook, which may change them, can
/// run only before: one tour for each depth at which there is a hook, the deepest first.
pub(crate) fn run_post_load<M: StateDict + ?Sized>(model: &mut M, all: &Loaded) {
    let mut tour = Tour::new(Job::FindHooks(RefCell::new(Vec::new())));
    model.visit_mut(&mut tour);
    let Job::FindHooks(depths) = tour.job else { return };
    let mut depths = depths.into_inner();
    depths.sort_unstable();
    depths.dedup();
    for at in depths.into_iter().rev() {
        model.visit_mut(&mut Tour::new(Job::RunHooks { at, all, here: None }));
    }
}

/// Hands each extra state to `take`, with its number in the order of a walk.
///
/// # Errors
/// The modules that cannot be reached.
pub(crate) fn visit_extra_states<M: StateDict + ?Sized>(
    model: &mut M,
    take: &mut dyn FnMut(usize, &mut dyn ExtraState),
) -> Result<(), Vec<ModelError>> {
    let mut tour = Tour::new(Job::ExtraStates { next: 0, take });
    model.visit_mut(&mut tour);
    if tour.problems.is_empty() { Ok(()) } else { Err(tour.problems) }
}

/// A visit of every module, each once.
struct Tour<'r> {
    job: Job<'r>,
    prefix: String,
    depth: usize,
    seen: HashSet<StorageId>,
    problems: Vec<ModelError>,
}

enum Job<'r> {
    Mode(bool),
    /// Notes the depths of the modules that ask whether they were loaded.
    FindHooks(RefCell<Vec<usize>>),
    ExtraStates {
        next: usize,
        take: &'r mut dyn FnMut(usize, &mut dyn ExtraState),
    },
    RunHooks {
        at: usize,
        all: &'r Loaded,
        /// What the module that is being visited is told.
        here: Option<Loaded>,
    },
}

impl<'r> Tour<'r> {
    fn new(job: Job<'r>) -> Self {
        Tour { job, prefix: String::new(), depth: 0, seen: HashSet::new(), problems: Vec::new() }
    }
}

impl<'a> VisitorMut<'a> for Tour<'_> {
    fn module(&mut self, _: ModuleInfo) {
        if let Job::RunHooks { at, all, here } = &mut self.job {
            *here = (self.depth == *at).then(|| all.below(&self.prefix));
        }
    }

    fn parameter(&mut self, _: &str, _: &'a mut dyn TensorMut) {}

    fn buffer(&mut self, _: &str, _: &'a mut dyn TensorMut, _: bool) {}

    fn child(&mut self, name: &str, module: &'a mut dyn StateDict) {
        let outer = self.prefix.len();
        if outer > 0 {
            self.prefix.push('.');
        }
        self.prefix.push_str(name);
        self.depth += 1;
        module.visit_mut(self);
        self.depth -= 1;
        self.prefix.truncate(outer);
    }

    fn flatten(&mut self, module: &'a mut dyn StateDict) {
        self.depth += 1;
        module.visit_mut(self);
        self.depth -= 1;
    }

    fn alias(&mut self, _: &str, _: &str) {}

    fn tied(&mut self, _: &str, _: Option<&str>) {}

    fn shared(&mut self, id: StorageId, visit: &mut dyn FnMut(&mut dyn VisitorMut<'a>)) {
        if self.seen.insert(id) {
            visit(self);
        }
    }

    fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> VisitorMut<'g>)) {
        visit(self);
    }

    fn unavailable(&mut self, reason: Unavailable) {
        self.problems.push(ModelError::Unavailable { module: self.prefix.clone(), reason });
    }

    fn training(&mut self, flag: &mut bool) {
        if let Job::Mode(training) = self.job {
            *flag = training;
        }
    }

    fn extra_state(&mut self, state: &mut dyn ExtraState) {
        if let Job::ExtraStates { next, take } = &mut self.job {
            take(*next, state);
            *next += 1;
        }
    }

    fn loaded(&self) -> Option<&Loaded> {
        match &self.job {
            Job::Mode(_) | Job::ExtraStates { .. } => None,
            Job::FindHooks(depths) => {
                depths.borrow_mut().push(self.depth);
                None
            }
            Job::RunHooks { here, .. } => here.as_ref(),
        }
    }
}
