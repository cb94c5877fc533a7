//! A state dict ordered by key, in which the modules' steps run.

use std::collections::BTreeMap;
use std::ops::Bound;

use indexmap::IndexMap;

use crate::key;
use crate::load::hooks::Added;
use crate::load::options::LoadOptions;
use crate::load::report::loaded::ModuleMigration;
use crate::load::report::problem::LoadProblem;
use crate::map::{Part, StateMap};
use crate::metadata::Metadata;
use crate::migration::{Edit, MigrateError, Migration};
use crate::visit::Change;

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

    /// Returns `true` if a key is below `path`, or the module there has a record.
    pub(super) fn has_module(&self, path: &str) -> bool {
        let below = format!("{path}.");
        let first =
            self.entries.range::<str, _>((Bound::Included(&*below), Bound::Unbounded)).next();
        first.is_some_and(|(key, _)| key.starts_with(&below))
            || self.metadata.as_ref().is_some_and(|metadata| metadata.get(path).is_some())
    }

    /// Runs the steps of the module at `path` on its own part of the tree.
    pub(super) fn migrate(
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
    pub(super) fn run_hooks(
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
pub(super) fn stage(change: &Change) -> (u64, u8) {
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
