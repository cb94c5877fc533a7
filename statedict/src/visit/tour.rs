//! Visits of every module that touch no leaf: the mode flags, the extra states, and the hooks after a
//! load.

use foldhash::{HashSet, HashSetExt};

use crate::extra_state::ExtraState;
use crate::key;
use crate::leaf::StorageId;
use crate::visit::{ByMut, Content, FieldKind, Loaded, ModelError, Part, StateDict, Visitor};

/// Sets the mode flag of every module.
///
/// # Errors
/// All modules that cannot be reached; the others are set.
pub(crate) fn set_training<M: StateDict + ?Sized>(
    model: &mut M,
    training: bool,
) -> Result<(), Vec<ModelError>> {
    let mut tour = Tour::new(Job::Mode(training));
    model.visit_fields_mut(&mut tour);
    if tour.problems.is_empty() { Ok(()) } else { Err(tour.problems) }
}

/// Runs the `post_load` hooks of `model`, a module's after those of the modules below it.
///
/// A module lends its leaves for as long as it is visited, so that a hook, which may change them, can
/// run only before: one tour for each depth at which there is a hook, the deepest first.
pub(crate) fn run_post_load<M: StateDict + ?Sized>(model: &mut M, all: &Loaded) {
    let mut tour = Tour::new(Job::FindHooks(Vec::new()));
    model.visit_fields_mut(&mut tour);
    let Job::FindHooks(mut depths) = tour.job else { unreachable!("the job of a tour stays") };
    depths.sort_unstable();
    depths.dedup();
    for at in depths.into_iter().rev() {
        model.visit_fields_mut(&mut Tour::new(Job::RunHooks { at, all }));
    }
}

/// Hands each extra state to `take`, with its number in the order of a walk and the path of its module. After a
/// module that cannot be reached, numbers are not known.
///
/// # Errors
/// The modules that cannot be reached; the others are visited.
pub(crate) fn visit_extra_states<M: StateDict + ?Sized>(
    model: &mut M,
    take: &mut TakeExtra<'_>,
) -> Result<(), Vec<ModelError>> {
    let mut tour = Tour::new(Job::ExtraStates { next: 0, take });
    model.visit_fields_mut(&mut tour);
    if tour.problems.is_empty() { Ok(()) } else { Err(tour.problems) }
}

/// Takes an extra state: its number where that is known, and its module's path.
type TakeExtra<'t> = dyn FnMut(Option<usize>, &str, &mut dyn ExtraState) + 't;

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
    /// Notes the depths of the modules that have a hook.
    FindHooks(Vec<usize>),
    ExtraStates {
        next: usize,
        take: &'r mut TakeExtra<'r>,
    },
    RunHooks {
        at: usize,
        all: &'r Loaded,
    },
}

impl<'r> Tour<'r> {
    fn new(job: Job<'r>) -> Self {
        Tour { job, prefix: String::new(), depth: 0, seen: HashSet::new(), problems: Vec::new() }
    }
}

impl<'a> Visitor<ByMut<'a>> for Tour<'_> {
    fn take(&mut self, part: Part<'_, ByMut<'a>>) {
        match part {
            Part::Field(field, Content::Module(module)) => {
                let outer = self.prefix.len();
                if let FieldKind::Child(_) = field.kind {
                    key::push(&mut self.prefix, field.name);
                }
                self.depth += 1;
                module.visit_fields_mut(self);
                self.depth -= 1;
                self.prefix.truncate(outer);
            }
            Part::Field(_, Content::Flag(flag)) => {
                if let Job::Mode(training) = self.job {
                    *flag = training;
                }
            }
            Part::Shared(id, visit) if self.seen.insert(id) => visit(self),
            Part::Locked(visit) | Part::Temporary(visit) => visit(self),
            Part::Unavailable(reason) => {
                self.problems.push(ModelError::Unavailable { module: self.prefix.clone(), reason });
            }
            Part::Hook(hook) => match &mut self.job {
                Job::FindHooks(depths) => depths.push(self.depth),
                Job::RunHooks { at, all } if self.depth == *at => hook(&all.below(&self.prefix)),
                Job::RunHooks { .. } | Job::Mode(_) | Job::ExtraStates { .. } => {}
            },
            Part::ExtraState(state) => {
                if let Job::ExtraStates { next, take } = &mut self.job {
                    take(self.problems.is_empty().then_some(*next), &self.prefix, state);
                    *next += 1;
                }
            }
            Part::Module(_) | Part::Field(..) | Part::Shared(..) => {}
        }
    }
}
