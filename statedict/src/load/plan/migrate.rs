//! Brings the state dict from the versions its modules were saved with to the model's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::key;
use crate::load::hooks::Added;
use crate::load::options::LoadOptions;
use crate::load::plan::expected::{Place, Plan};
use crate::load::report::loaded::ModuleMigration;
use crate::load::report::problem::LoadProblem;
use crate::map::{Part, StateMap};
use crate::metadata::{Metadata, ModuleMetadata};
use crate::migration::{Edit, MigrateError, Migration};
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
/// as older than every version, as in PyTorch.
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
        if has_history {
            found_at.push(found);
        }
        if let Some(version) = versions.get_mut(place.module).filter(|_| !place.alias) {
            *version = found;
        }
        modules.extend(run_pre_load(map, &place, found, &mut tree, problems));
        modules.extend(run_steps(map, &place, found, &mut tree, options, problems));
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
    if let Some(metadata) = tree.as_mut().and_then(|tree| tree.metadata.as_mut()) {
        metadata.insert(place.path.to_owned(), ModuleMetadata::with_version(current));
    }
    is_news.then_some(migrated)
}

/// A state dict ordered by key, so that a module's part of it is a range.
pub(in crate::load) struct Tree<'s> {
    entries: BTreeMap<String, Entry<'s>>,
    pub(in crate::load) metadata: Option<Metadata>,
}

struct Entry<'s> {
    /// The place in the file's order; the second number tells entries apart that share a place.
    place: (usize, usize),
    part: Part<'s>,
}

impl<'s> Tree<'s> {
    pub(in crate::load) fn new(map: &StateMap<'s>) -> Self {
        let entries = map
            .parts()
            .enumerate()
            .map(|(index, (key, part))| (key.to_owned(), Entry { place: (index, 0), part }));
        Tree { entries: entries.collect(), metadata: map.metadata().cloned() }
    }

    pub(in crate::load) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Runs the steps of the module at `path` on its own part of the tree.
    fn migrate(
        &mut self,
        path: &str,
        found: Option<u64>,
        steps: &[&Change],
        migrated: &mut ModuleMigration,
    ) -> Result<(), (u64, MigrateError)> {
        let (entries, places) = self.take_below(path);
        let mut migration = Migration::new(path, entries, self.metadata.take(), found);
        let done = steps.chunk_by(|a, b| stage(a) == stage(b)).try_for_each(|steps| {
            let to = steps.first().map_or(0, |step| step.since());
            migration.begin(to);
            run(steps, &mut migration).map_err(|error| (to, error))
        });
        let (entries, metadata, edits) = migration.into_parts();
        self.metadata = metadata;
        self.put_below(path, entries, &places);
        for edit in edits {
            let full = |name: String| key::join(path, &name);
            match edit {
                Edit::Renamed { from, to } => migrated.renamed.push((full(from), full(to))),
                Edit::Removed(name) => migrated.removed.push(&full(name)),
                Edit::Inserted(name) => migrated.inserted.push(&full(name)),
                Edit::Changed(name) => migrated.changed.push(&full(name)),
            }
        }
        done
    }

    /// Runs the pre-hooks of the module at `path` on its own part of the tree.
    fn run_hooks(
        &mut self,
        path: &str,
        version: Option<u64>,
        options: &LoadOptions,
        problems: &mut Vec<LoadProblem>,
    ) -> Added {
        let (entries, places) = self.take_below(path);
        let entries = entries.into_iter().map(|(name, part)| (key::join(path, &name), part));
        let mut state_dict = StateMap::from_parts(entries);
        if path.is_empty() {
            *state_dict.metadata_mut() = self.metadata.take();
        }
        let added = options.hooks.run_pre(path, version, &mut state_dict);
        if path.is_empty() {
            self.metadata = state_dict.metadata_mut().take();
        }
        let mut entries = IndexMap::with_capacity(state_dict.len());
        for (key, part) in state_dict.parts() {
            match key::below(key, path) {
                Some(name) => {
                    entries.insert(name.to_owned(), part);
                }
                // PyTorch does not look at it.
                None if options.torch_rules => {}
                None => problems.push(LoadProblem::Hook {
                    path: path.to_owned(),
                    message: format!("its pre-hook added `{key}`, which is no key of this module"),
                }),
            }
        }
        self.put_below(path, entries, &places);
        added
    }

    /// Takes what is below `path` out, with keys relative to it, in the file's order.
    fn take_below(&mut self, path: &str) -> (IndexMap<String, Part<'s>>, Vec<(usize, usize)>) {
        let mut taken: Vec<(String, Entry<'s>)> = if path.is_empty() {
            std::mem::take(&mut self.entries).into_iter().collect()
        } else {
            // `/` is the character after `.`: the range holds exactly the keys that begin `path.`.
            let mut rest = self.entries.split_off(&format!("{path}."));
            let mut after = rest.split_off(&format!("{path}/"));
            self.entries.append(&mut after);
            rest.into_iter().collect()
        };
        taken.sort_by_key(|(_, entry)| entry.place);
        let places = taken.iter().map(|(_, entry)| entry.place).collect();
        let relative = |(key, entry): (String, Entry<'s>)| {
            let name = key::below(&key, path).unwrap_or(&key).to_owned();
            (name, entry.part)
        };
        (taken.into_iter().map(relative).collect(), places)
    }

    /// Puts a module's entries back: into the places they were taken from, in their new order.
    fn put_below(
        &mut self,
        path: &str,
        entries: IndexMap<String, Part<'s>>,
        places: &[(usize, usize)],
    ) {
        let last = places.last().copied().unwrap_or((usize::MAX, 0));
        for (nth, (name, part)) in entries.into_iter().enumerate() {
            let (place, _) = places.get(nth).copied().unwrap_or(last);
            self.entries.insert(key::join(path, &name), Entry { place: (place, nth), part });
        }
    }

    pub(in crate::load) fn into_map(self) -> StateMap<'s> {
        let mut entries: Vec<(String, Entry<'s>)> = self.entries.into_iter().collect();
        entries.sort_by_key(|(_, entry)| entry.place);
        let mut map =
            StateMap::from_parts(entries.into_iter().map(|(key, entry)| (key, entry.part)));
        *map.metadata_mut() = self.metadata;
        map
    }
}

/// When a change is made: all of a version before those of the next, and what is dropped before other
/// things take its name.
fn stage(change: &Change) -> (u64, u8) {
    let order = match change {
        Change::Added { .. } => 0,
        Change::Removed { .. } => 1,
        Change::Renamed { .. } => 2,
        Change::Migrate { .. } => 3,
    };
    (change.since(), order)
}

/// Makes the changes of one stage: renames all at once, so that their order does not matter.
fn run(changes: &[&Change], migration: &mut Migration<'_>) -> Result<(), MigrateError> {
    let mut renamed = Vec::new();
    for change in changes {
        match **change {
            // What an older file may lack is the plan's business.
            Change::Added { .. } => {}
            // A file of unknown version may have the new names already.
            Change::Renamed { from, to, .. } if migration.contains(from) => {
                renamed.push((from, to))
            }
            Change::Removed { name, .. } if migration.contains(name) => migration.remove(name)?,
            Change::Renamed { .. } | Change::Removed { .. } => {}
            Change::Migrate { with, .. } => with(migration)?,
        }
    }
    if renamed.is_empty() { Ok(()) } else { migration.rename_all(&renamed) }
}
