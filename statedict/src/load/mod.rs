//! Loading, all or nothing: plan, migrate, match, verify, then commit.
//!
//! The first four look at the model and the state dict and collect every problem. Only where there
//! is none does the last write, and then nothing is left that could go wrong short of the disk.

mod commit;
mod error;
mod extra;
mod fill;
mod fit;
mod fitted;
mod guess;
mod hooks;
mod incompatible;
mod key_list;
mod key_problems;
mod matching;
mod migrate;
mod options;
mod plan;
mod policy;
mod problem;
mod python;
mod report;
mod report_json;
mod state_map;
mod table;
mod torch_rules;
mod torch_text;
mod tree;
mod verify;

use std::borrow::Cow;

pub use error::LoadError;
pub use guess::PrefixGuess;
pub use hooks::PreLoad;
pub use incompatible::IncompatibleKeys;
pub use key_list::KeyList;
pub(crate) use migrate::run_on_modules;
pub use options::LoadOptions;
pub use policy::{AliasPolicy, Atomicity, DTypePolicy};
pub use problem::LoadProblem;
pub use report::{Converted, LoadReport, Mismatched, ModuleMigration};
pub use state_map::{MapMigration, migrate};

use crate::load::commit::Written;
use crate::load::matching::Match;
use crate::load::plan::Plan;
use crate::map::StateMap;
use crate::mapping::Mapped;
use crate::visit::{self, Loaded, StateDict};

/// Loads `map` into `model`.
pub(crate) fn load<M: StateDict + ?Sized>(
    model: &mut M,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<LoadReport, LoadError> {
    let plan = plan_for(model, options)?;
    let report =
        run(&plan, map, options, |found| commit::commit(&mut *model, &plan, found, options))?;
    let missing = report.missing.iter().chain(&report.defaulted).cloned().collect();
    visit::run_post_load(model, &Loaded::new(missing, report.unexpected.clone()));
    Ok(report)
}

/// Does all that [`load`] does but write.
pub(crate) fn check<M: StateDict + ?Sized>(
    model: &M,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<LoadReport, LoadError> {
    run(&plan_for(model, options)?, map, options, |_| Written::default())
}

fn plan_for<M: StateDict + ?Sized>(model: &M, options: &LoadOptions) -> Result<Plan, LoadError> {
    Plan::new(model, options.assign).map_err(|(class, problems)| LoadError::new(class, problems))
}

/// The steps in order; `write` is the last.
fn run(
    plan: &Plan,
    map: &StateMap<'_>,
    options: &LoadOptions,
    write: impl FnOnce(&Match<'_, '_>) -> Written,
) -> Result<LoadReport, LoadError> {
    let failed = |problems| LoadError::new(plan.class, problems);
    let prepared = prepare(map, options).map_err(failed)?;
    let mut problems = Vec::new();
    let migrated = migrate::migrate(&prepared.map, plan, options, &mut problems);
    if !problems.is_empty() {
        // What a failed step leaves behind would only show up as missing and unexpected keys.
        return Err(failed(problems));
    }
    let match_keys =
        if options.torch_rules { torch_rules::match_keys } else { matching::match_keys };
    let found = match_keys(plan, &migrated, options, &mut problems);
    let mut guess = None;
    if options.strict && !found.keys.is_empty() {
        guess = guess::PrefixGuess::new(&found.keys);
        problems.splice(0..0, key_problems::key_problems(plan, &migrated.map, &found.keys));
    }
    let before = problems.len();
    if options.verify {
        verify::verify_storages(&found, &mut problems);
    } else {
        verify::absent_storages(&found, &mut problems);
    }
    let damaged = problems.len() > before;
    let mut written = 0;
    // PyTorch writes what fits before it complains; damaged bytes it would not have come to see.
    if problems.is_empty() || (options.atomicity == Atomicity::None && !damaged) {
        let done = write(&found);
        written = done.tensors + done.extras;
        problems.extend(done.problems);
    }
    if !problems.is_empty() {
        return Err(LoadError { model: plan.class, problems, guess, written });
    }
    Ok(LoadReport {
        model: plan.class,
        extra_states: found.extras.into_iter().flatten().map(|extra| extra.key).collect(),
        loaded: found.sources.keys(),
        missing: found.keys.missing_keys,
        unexpected: found.keys.unexpected_keys,
        defaulted: found.defaulted,
        satisfied_by_alias: found.satisfied_by_alias,
        converted: found.converted,
        mismatched: found.mismatched,
        renamed: prepared.renamed,
        dropped: prepared.dropped,
        migrations: migrated.modules,
    })
}

/// The state dict with its keys renamed and its tensors elsewhere, as the options say.
struct Prepared<'m, 's> {
    map: Cow<'m, StateMap<'s>>,
    renamed: Vec<(String, String)>,
    dropped: Vec<String>,
}

fn prepare<'m, 's>(
    map: &'m StateMap<'s>,
    options: &LoadOptions,
) -> Result<Prepared<'m, 's>, Vec<LoadProblem>> {
    let mut prepared =
        Prepared { map: Cow::Borrowed(map), renamed: Vec::new(), dropped: Vec::new() };
    if !options.keys.is_empty() {
        let Mapped { map, renamed, dropped } =
            options.keys.apply(map).map_err(|error| vec![LoadProblem::KeyMap(error)])?;
        prepared = Prepared { map: Cow::Owned(map), renamed, dropped };
    }
    if let Some(location) = &options.location {
        let map = prepared.map.map_location(location);
        let map = map.map_err(|error| vec![LoadProblem::Location(error)])?;
        prepared.map = Cow::Owned(map);
    }
    Ok(prepared)
}
