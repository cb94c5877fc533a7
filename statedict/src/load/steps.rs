//! The steps of every load and every check, in order.

use std::borrow::Cow;

use crate::load::incompatible::IncompatibleKeys;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::Plan;
use crate::load::plan::found::Match;
use crate::load::plan::{key_problems, matching, migrate, verify};
use crate::load::policy::Atomicity;
use crate::load::report::error::LoadError;
use crate::load::report::hint::{PrefixGuess, remedies};
use crate::load::report::loaded::LoadReport;
use crate::load::report::problem::LoadProblem;
use crate::load::torch::rules;
use crate::load::write::written::Written;
use crate::map::StateMap;
use crate::mapping::Mapped;
use crate::schema::Schema;

/// The steps in order; `write` is the last.
pub(super) fn run(
    plan: &Plan,
    map: &StateMap<'_>,
    options: &LoadOptions,
    write: impl FnOnce(&Match<'_, '_>) -> Written,
) -> Result<LoadReport, LoadError> {
    let failed = |problems| failed(plan, problems, map, options);
    let prepared = prepare(map, options).map_err(failed)?;
    let mut problems = Vec::new();
    let migrated = migrate::migrate(&prepared.map, plan, options, &mut problems);
    if !problems.is_empty() {
        // What a failed step leaves behind would only show up as missing and unexpected keys.
        return Err(failed(problems));
    }
    let match_keys = if options.torch_rules { rules::match_keys } else { matching::match_keys };
    let found = match_keys(plan, &migrated, options, &mut problems);
    let IncompatibleKeys { missing_keys: missing, unexpected_keys: unexpected } = &found.keys;
    let any_loaded = found.sources.iter().next().is_some();
    let guess = PrefixGuess::new(missing, unexpected, &found.defaulted, any_loaded);
    if options.strict && !found.keys.is_empty() {
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
        return Err(LoadError { guess: guess.map(Box::new), written, ..failed(problems) });
    }
    Ok(LoadReport {
        model: plan.class,
        extra_states: found.extras.into_iter().flatten().map(|extra| extra.key).collect(),
        other_names: found.sources.other_names(),
        loaded: found.sources.keys(),
        missing: found.keys.missing_keys.into_iter().collect(),
        non_persistent: {
            let unsaved = plan.non_persistent(&found.keys.unexpected_keys);
            let unexpected = found.keys.unexpected_keys.iter().map(String::as_str);
            unexpected.filter(|key| unsaved.contains(key)).collect()
        },
        unexpected: found.keys.unexpected_keys.into_iter().collect(),
        defaulted: found.defaulted.into_iter().collect(),
        satisfied_by_alias: found.satisfied_by_alias,
        converted: found.converted,
        mismatched: found.mismatched,
        renamed: prepared.renamed,
        dropped: prepared.dropped.into_iter().collect(),
        migrations: migrated.modules,
        not_kept: map.not_kept().beside_parameters(),
        guess,
    })
}

/// The target that a state dict is to fit.
pub(super) trait LoadTarget {
    fn class(&self) -> &'static str;

    /// The highest version of a module.
    fn newest_version(&self) -> u64;
}

impl LoadTarget for Plan {
    fn class(&self) -> &'static str {
        self.class
    }

    fn newest_version(&self) -> u64 {
        Plan::newest_version(self)
    }
}

impl LoadTarget for Schema {
    fn class(&self) -> &'static str {
        Schema::class(self)
    }

    fn newest_version(&self) -> u64 {
        self.modules().map(|module| module.info().version()).max().unwrap_or(1)
    }
}

/// The error of these problems, with what can be done about them.
pub(super) fn failed(
    target: &impl LoadTarget,
    problems: Vec<LoadProblem>,
    map: &StateMap<'_>,
    options: &LoadOptions,
) -> LoadError {
    let newest = map.metadata().is_none().then(|| target.newest_version());
    let hints = remedies(&problems, options, newest);
    LoadError { hints, ..LoadError::new(target.class(), problems) }
}

/// The state dict with its keys renamed and its tensors elsewhere, as the options say.
pub(super) struct Prepared<'m, 's> {
    pub(super) map: Cow<'m, StateMap<'s>>,
    pub(super) renamed: Vec<(String, String)>,
    pub(super) dropped: Vec<String>,
}

pub(super) fn prepare<'m, 's>(
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
