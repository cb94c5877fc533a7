//! Writing the model, once everything has been checked.

use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::plan::found::Match;
use crate::load::policy::Atomicity;
use crate::load::report::problem::LoadProblem;
use crate::load::write::contents::Contents;
use crate::load::write::extra;
use crate::load::write::same_model::same_model;
use crate::load::write::undo::Undo;
use crate::load::write::write_leaves::{Failed, Stop, Writer};
use crate::load::write::written::Written;
use crate::visit::{StateDict, walk_mut};

/// Hands every extra state to its module, then writes every source into its leaf.
///
/// Everything that may still fail, in a library or because another thread takes a lock, comes first: then the leaves
/// that were written before get back their elements.
pub(crate) fn commit<M: StateDict + ?Sized>(
    model: &mut M,
    plan: &Plan,
    found: &Match<'_, '_>,
    options: &LoadOptions,
) -> Written {
    // What cannot be borrowed is written while the model is walked, and extra states are handed over
    // before that: then the model is looked at first. Otherwise one walk is enough for both.
    let look_first = plan.locked || found.extras.iter().any(Option::is_some);
    let mut contended = false;
    if look_first {
        let walk = walk_mut(model, plan.size);
        if let Err(problems) = same_model(plan, &walk) {
            return Written { problems, ..Written::default() };
        }
        contended = walk.contended;
    }
    let mut contents = Contents::new(plan, found);
    if options.atomicity == Atomicity::Staged
        && let Err((key, source)) = contents.hold(options)
    {
        return Written::nothing(LoadProblem::RolledBack { key, source, undone: 0 });
    }
    let may_undo = options.atomicity != Atomicity::None;
    let (mut written, mut extras) = (Written::default(), extra::Before::default());
    if let Err((key, source)) = extra::set(model, found, options, &mut extras, &mut written) {
        if may_undo {
            written.extras = Undo::new(extras).give_back(model, plan, options).extras;
        }
        let problem = LoadProblem::ExtraState { key, source, written: written.extras };
        written.problems.push(problem);
        return written;
    }
    let keep = may_undo && (contended || plan.uncertain);
    let undo = Undo::new(extras);
    let mut writer = Writer { contents: &contents, options, written, undo, keep, unkept: 0 };
    let mut done = writer.write(model, look_first);
    if let Err(Stop::Locked { contended }) = done {
        writer.keep |= may_undo && contended;
        done = writer.write(model, true);
    }
    let Writer { mut written, undo, unkept, .. } = writer;
    match done {
        Ok(()) => written,
        Err(Stop::Different(problems)) => Written { problems, ..Written::default() },
        // Only a first walk stops there.
        Err(Stop::Locked { .. }) => unreachable!("the model has been looked at"),
        Err(Stop::At(failed)) => {
            let Failed { leaf, key, source } = *failed;
            if !may_undo {
                let problem = LoadProblem::Write { key, source, written: written.count() };
                written.problems.push(problem);
                return written;
            }
            let undone = written.count();
            let left = undo.give_back(model, plan, options);
            let is_left = |leaf: &usize| left.leaves.contains(leaf);
            let at_leaf = leaf.is_some_and(|(leaf, kept)| !kept || is_left(&leaf));
            let failed_too = leaf.is_some_and(|(leaf, _)| is_left(&leaf));
            written.tensors = unkept + left.leaves.len() - usize::from(failed_too);
            written.extras = left.extras;
            let count = written.count();
            written.problems.push(match count == 0 && !at_leaf {
                true => LoadProblem::RolledBack { key, source, undone },
                false => LoadProblem::Write { key, source, written: count },
            });
            written
        }
    }
}
