//! Loading, all or nothing: plan, migrate, match, verify, then commit.
//!
//! The first four look at the model and the state dict and collect every problem. Only where there
//! is none does the last write: what a library or a lock can still refuse comes first, and is undone where it is.
//! Then nothing is left that could go wrong short of the disk.

mod check;
mod hooks;
mod incompatible;
mod migrate_map;
mod options;
mod plan;
mod policy;
mod report;
mod steps;
mod torch;
mod write;

pub use hooks::PreLoad;
pub use incompatible::IncompatibleKeys;
pub use migrate_map::MapMigration;
pub use options::LoadOptions;
pub(crate) use plan::migrate::run_on_modules;
pub use policy::{AliasPolicy, Atomicity, DTypePolicy};
pub use report::error::LoadError;
pub use report::hint::PrefixGuess;
pub use report::key_list::KeyList;
pub use report::loaded::{Converted, LoadReport, Mismatched, ModuleMigration};
pub use report::problem::LoadProblem;

use crate::load::plan::expected::Plan;
use crate::load::steps::run;
use crate::load::write::commit;
use crate::load::write::written::Written;
use crate::map::StateMap;
use crate::visit::{self, Loaded, StateDict};

/// Loads `map` into `model`.
pub(crate) fn load<M: StateDict + ?Sized>(
    model: &mut M,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> Result<LoadReport, LoadError> {
    let plan = plan_for(model, options)?;
    let mut hooked = false;
    let report = run(&plan, map, options, |found| {
        let written = commit::commit(&mut *model, &plan, found, options);
        hooked = written.hooked;
        written
    })?;
    if hooked {
        let missing = report.missing.iter().chain(report.defaulted.iter());
        let missing = missing.map(str::to_owned).collect();
        let unexpected = report.unexpected.iter().map(str::to_owned).collect();
        visit::run_post_load(model, &Loaded::new(missing, unexpected));
    }
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
