//! Brings the state dict from the versions its modules were saved with to the model's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use foldhash::HashSet;

use crate::key;
use crate::load::hooks::Added;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::{Place, Plan};
use crate::load::plan::tree::{Tree, stage};
use crate::load::report::loaded::ModuleMigration;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;
use crate::migration::MigrateError;
use crate::visit::{Change, MigrateStep};

/// The result of migrating a state dict.
pub(crate) struct Migrated<'m, 's> {
    /// The state dict as the model expects it: the one that was given, where nothing had to change.
    pub(crate) map: Cow<'m, StateMap<'s>>,
    /// The modules whose version differed.
    pub(crate) modules: Vec<ModuleMigration>,
    /// The version that was found for each module, by its number; empty, as the next, where the model has no
    /// history that they could tell from.
    pub(crate) found: Vec<Option<u64>>,
    /// The version that was found for each place: another name of a module may have another.
    pub(crate) found_at: Vec<Option<u64>>,
    /// The keys that the pre-hooks added to the lists, by place.
    pub(crate) added: BTreeMap<usize, Added>,
}

/// Migrates `map` for the modules of the plan, parents before children, and runs each module's pre-hooks after
/// its own steps.
///
/// Each module goes from the version that the state dict records for it; one without a record counts
/// as older than every version, as in PyTorch, unless the options assume another. A module that is not in the
/// state dict, since its parent got it later, has nothing to migrate.
pub(crate) fn migrate<'m, 's>(
    map: &'m StateMap<'s>,
    plan: &Plan,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Migrated<'m, 's> {
    if options.hooks.paths().next().is_some() {
        let paths = plan.paths();
        for path in options.hooks.paths().filter(|path| !paths.iter().any(|place| place == path)) {
            let message = "a hook is for this path, where the model has no module".to_owned();
            problems.push(LoadProblem::Hook { path: path.to_owned(), message });
        }
    }
    let mut tree: Option<Tree<'s>> = None;
    let mut modules = Vec::new();
    let has_history = plan.has_history();
    let mut versions = vec![None; if has_history { plan.module_count() } else { 0 }];
    let (mut found_at, mut added) = (Vec::new(), BTreeMap::new());
    let mut speller = plan.keys.speller();
    let mut later = Later::default();
    // The records mostly are in the order of the modules; then nothing is hashed.
    let mut records = map.metadata().map(|metadata| metadata.iter().peekable());
    let mut recorded = |path: &str| {
        let next = records.as_mut()?.next_if(|(found, _)| *found == path);
        next.map_or_else(|| map.version(path), |(_, record)| record.version())
    };
    for (index, name) in plan.places.iter().enumerate() {
        let place = plan.place(name, speller.spell(name.key));
        // A parent's step may have renamed the child, and its record with it.
        let found = match &tree {
            Some(tree) => tree.metadata.as_ref().and_then(|metadata| metadata.version(place.path)),
            None => recorded(place.path),
        };
        let found = options.version_of(&place.info, found);
        if has_history {
            found_at.push(found);
        }
        if let Some(version) = versions.get_mut(place.module).filter(|_| !place.alias) {
            *version = found;
        }
        modules.extend(run_pre_load(map, &place, found, &mut tree, problems));
        if later.lacks(&place, || tree.get_or_insert_with(|| Tree::new(map))) {
            record(&place, &mut tree);
        } else {
            modules.extend(run_steps(map, &place, found, &mut tree, options, problems));
            later.note(&place, found);
        }
        if options.hooks.has_pre(place.path) {
            let tree = tree.get_or_insert_with(|| Tree::new(map));
            let by_hooks = tree.run_hooks(place.path, found, options, problems);
            if !by_hooks.is_empty() {
                added.insert(index, by_hooks);
            }
        }
    }
    let map = tree.map_or(Cow::Borrowed(map), |tree| Cow::Owned(tree.into_map()));
    Migrated { map, modules, found: versions, found_at, added }
}

/// Runs a step on each of these modules' own parts of a state dict.
///
/// # Errors
/// The first step's that fails, with the module's path.
pub(crate) fn run_on_modules<'s, 'p>(
    map: &StateMap<'s>,
    steps: impl IntoIterator<Item = (&'p str, MigrateStep)>,
) -> Result<StateMap<'s>, (String, Box<MigrateError>)> {
    let mut tree = Tree::new(map);
    for (path, step) in steps {
        let step = Change::Migrate { to: 0, with: step };
        let mut done = ModuleMigration::new(path, "", None, 0);
        tree.migrate(path, None, &[&step], &mut done)
            .map_err(|(_, source)| (path.to_owned(), Box::new(source)))?;
    }
    Ok(tree.into_map())
}

/// Runs the `pre_load` hook of one module, if it has one; what it did, where it did anything.
pub(in crate::load) fn run_pre_load<'s>(
    map: &StateMap<'s>,
    place: &Place<'_>,
    found: Option<u64>,
    tree: &mut Option<Tree<'s>>,
    problems: &mut Vec<LoadProblem>,
) -> Option<ModuleMigration> {
    let (info, current) = (place.info, place.info.version());
    let pre_load = Change::Migrate { to: current, with: info.pre_load()? };
    let mut done = ModuleMigration::new(place.path, info.name(), found, current);
    let tree = tree.get_or_insert_with(|| Tree::new(map));
    if let Err((_, source)) = tree.migrate(place.path, found, &[&pre_load], &mut done) {
        problems.push(LoadProblem::PreLoad {
            path: place.path.to_owned(),
            module: info.rust_type(),
            source,
        });
    }
    (!place.alias && done.has_edits()).then_some(done)
}

/// Runs the steps of one module from the version that was found; what they did, where it is news.
pub(in crate::load) fn run_steps<'s>(
    map: &StateMap<'s>,
    place: &Place<'_>,
    found: Option<u64>,
    tree: &mut Option<Tree<'s>>,
    options: &LoadOptions,
    problems: &mut Vec<LoadProblem>,
) -> Option<ModuleMigration> {
    let (info, current) = (place.info, place.info.version());
    if found == Some(current) {
        return None;
    }
    if let Some(found) = found.filter(|&found| found > current && !options.newer_versions) {
        if !place.alias {
            problems.push(LoadProblem::NewerVersion {
                path: place.path.to_owned(),
                module: info.rust_type(),
                found,
                current,
            });
        }
        return None;
    }
    // Without records every module differs; only those whose version means something are news.
    let is_news = !place.alias && (found.is_some() || current > 1);
    if !is_news && tree.is_none() && info.changes().is_empty() {
        return None;
    }
    if let Some(source) = unknown_version(map, place, tree.as_ref()) {
        let (path, module) = (place.path.to_owned(), info.rust_type());
        problems.push(LoadProblem::Migration { path, module, to: current, source });
        return None;
    }
    let mut migrated = ModuleMigration::new(place.path, info.name(), found, current);
    let mut steps: Vec<&Change> = info
        .changes()
        .iter()
        .filter(|change| !matches!(change, Change::Added { .. }))
        .filter(|change| change.since() > found.unwrap_or(0))
        .collect();
    if !steps.is_empty() {
        steps.sort_by_key(|change| stage(change));
        let tree = tree.get_or_insert_with(|| Tree::new(map));
        let done = tree.migrate(place.path, found, &steps, &mut migrated);
        if let Err((to, source)) = done {
            problems.push(LoadProblem::Migration {
                path: place.path.to_owned(),
                module: info.rust_type(),
                to,
                source,
            });
        }
    }
    record(place, tree);
    is_news.then_some(migrated)
}

/// Refuses a version that is not a number, where the module has had several.
fn unknown_version(
    map: &StateMap<'_>,
    place: &Place<'_>,
    tree: Option<&Tree<'_>>,
) -> Option<MigrateError> {
    if place.info.version() == 1 && place.info.changes().is_empty() {
        return None;
    }
    let records = tree.map_or(map.metadata(), |tree| tree.metadata.as_ref());
    let mut extra = records?.get(place.path)?.extra();
    let (_, version) = extra.find(|(key, value)| *key == "version" && !value.value().is_none())?;
    Some(MigrateError::message(format!(
        "the file says that it is of version {version:?}, which is not an int from 0 on; set the module's version in \
         `StateMap::metadata_mut`"
    )))
}

/// Records that what is at a place is of the newest version now.
pub(in crate::load) fn record(place: &Place<'_>, tree: &mut Option<Tree<'_>>) {
    if let Some(metadata) = tree.as_mut().and_then(|tree| tree.metadata.as_mut()) {
        let entry = metadata.get(place.path).cloned().unwrap_or_default();
        metadata.insert(place.path, entry.set_version(Some(place.info.version())));
    }
}

/// The modules that came after the version of their parent in the state dict.
#[derive(Default)]
pub(in crate::load) struct Later {
    /// The paths of what may be absent; some are those of leaves.
    may_be_absent: HashSet<String>,
    /// The paths of the modules that are.
    absent: HashSet<String>,
}

impl Later {
    /// Notes what a module of the version that was found may lack.
    pub(in crate::load) fn note(&mut self, place: &Place<'_>, found: Option<u64>) {
        for change in place.info.changes() {
            if let Change::Added { since, name } = *change
                && since > found.unwrap_or(0)
            {
                self.may_be_absent.insert(key::join(place.path, name));
            }
        }
    }

    /// Returns `true` if the module came later than its parent's version, or is in one that did, and the state
    /// dict has nothing of it. Parents must be asked about before their children.
    pub(in crate::load) fn lacks<'t, 's: 't>(
        &mut self,
        place: &Place<'_>,
        tree: impl FnOnce() -> &'t mut Tree<'s>,
    ) -> bool {
        let path = place.path;
        if !self.absent.is_empty() {
            let mut outer = path.match_indices('.').filter_map(|(end, _)| path.get(..end));
            if outer.any(|outer| self.absent.contains(outer)) {
                return true;
            }
        }
        let is_absent = self.may_be_absent.contains(path) && !tree().has_module(path);
        if is_absent {
            self.absent.insert(path.to_owned());
        }
        is_absent
    }
}
