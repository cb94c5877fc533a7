//! Loading, all or nothing: plan, migrate, match, verify, then commit.
//!
//! The first four look at the model and the state dict and collect every problem. Only where there
//! is none does the last write, and then nothing is left that could go wrong short of the disk.

mod commit;
mod error;
mod matching;
mod migrate;
mod options;
mod plan;
mod report;
mod verify;

pub use error::{LoadError, LoadProblem};
pub(crate) use migrate::run_steps;
pub use options::{AliasPolicy, DTypePolicy, LoadOptions};
pub use report::{Converted, LoadReport, ModuleMigration};

use crate::load::matching::Match;
use crate::load::plan::Plan;
use crate::map::StateMap;
use crate::traits::StateDict;
use crate::visit::{self, Loaded};

/// Loads `map` into `model`.
pub(crate) fn load<M: StateDict + ?Sized>(
    model: &mut M,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<LoadReport, LoadError> {
    let class = class_of(model);
    let failed = |problems| LoadError { model: class, problems };
    let mut problems = Vec::new();
    let Some(plan) = Plan::new(model, &mut problems) else {
        return Err(failed(problems));
    };
    let migrated = migrate::migrate(map, &plan.modules, options, &mut problems);
    if !problems.is_empty() {
        // What a failed step leaves behind would only show up as missing and unexpected keys.
        return Err(failed(problems));
    }
    let found = check(&plan, &migrated.map, &migrated.found, options).map_err(failed)?;
    commit::commit(model, &plan, &found).map_err(failed)?;
    let missing = found.missing.iter().chain(&found.defaulted).cloned().collect();
    visit::run_post_load(model, &Loaded::new(missing, found.unexpected.clone()));
    Ok(LoadReport {
        model: class,
        loaded: found.sources.iter().flatten().map(|source| source.key.to_owned()).collect(),
        missing: found.missing,
        unexpected: found.unexpected,
        defaulted: found.defaulted,
        satisfied_by_alias: found.satisfied_by_alias,
        converted: found.converted,
        migrations: migrated.modules,
    })
}

/// Matches and verifies: everything between migrating and writing.
fn check<'m, 's>(
    plan: &Plan,
    map: &'m StateMap<'s>,
    versions: &[Option<u64>],
    options: &LoadOptions,
) -> Result<Match<'m, 's>, Vec<LoadProblem>> {
    let mut problems = Vec::new();
    let mut found = matching::match_keys(plan, map, versions, options, &mut problems);
    matching::check_tensors(plan, &mut found, options, &mut problems);
    if options.verify {
        verify::verify_storages(&found, &mut problems);
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The name of the model's class.
fn class_of<M: StateDict + ?Sized>(model: &M) -> &'static str {
    visit::walk(model).modules.first().map_or("model", |module| module.info.name())
}
