//! Migrates a state dict by the type of its model alone.

use std::collections::BTreeSet;
use std::fmt;

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::load::options::LoadOptions;
use crate::load::plan::expected::Place;
use crate::load::plan::migrate::{Later, record, run_pre_load, run_steps};
use crate::load::plan::outline::Outline;
use crate::load::plan::tree::Tree;
use crate::load::report::error::LoadError;
use crate::load::report::key_list::KeyList;
use crate::load::report::loaded::ModuleMigration;
use crate::load::report::problem::LoadProblem;
use crate::load::steps::{failed, prepare};
use crate::map::StateMap;
use crate::schema::{Paths, Patterns, Schema, SchemaModule, first};
use crate::visit::{ModuleInfo, StateDict};

/// The result of [`StateMap::migrate`].
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct MapMigration {
    /// The modules whose version differed, and what their steps did.
    pub modules: Vec<ModuleMigration>,
    /// The places that were left as they are, since only a value knows what is there; a `*` stands
    /// for one segment.
    pub unknown: KeyList,
    /// The keys that the newest version has and the state dict still lacks: those that came with a
    /// later version. A model that is loaded keeps its own values there; a state dict has none.
    pub absent: KeyList,
}

impl fmt::Display for MapMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migrated {} modules", self.modules.len())?;
        for module in &self.modules {
            write!(f, "\n  {module}")?;
        }
        for (label, keys) in [("unknown", &self.unknown), ("absent", &self.absent)] {
            for key in keys.iter() {
                write!(f, "\n  {label:<11} {key}")?;
            }
        }
        Ok(())
    }
}

impl StateMap<'_> {
    /// Brings the state dict from the versions its modules were saved with to those of `T`, without a value of `T`.
    ///
    /// The steps are those of a load, and the new versions are in the map's `_metadata` afterwards. For lists
    /// and maps of modules, the keys say which children there are.
    /// The keys keep the file's order.
    ///
    /// What is behind a `dyn StateDict` is not migrated, and [reported](MapMigration::unknown); so is an
    /// `enum` whose variants are modules of different histories.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// #[version(2)]
    /// struct Linear {
    ///     #[param]
    ///     #[renamed(since = 2, from = "w")]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// let mut map = StateMap::new();
    /// map.insert("0.w", TensorView::full(0.5f32, [2]).unwrap());
    /// let done = map.migrate::<Vec<Linear>>().unwrap();
    /// assert_eq!(map.keys().collect::<Vec<_>>(), ["0.weight"]);
    /// assert_eq!(map.version("0"), Some(2));
    /// assert_eq!(done.modules[0].path, "0");
    /// # let _ = Linear { weight: vec![] };
    /// ```
    ///
    /// # Errors
    /// Every step that fails, and every module that is newer than `T`'s; the map is then as it was.
    pub fn migrate<T: StateDict>(&mut self) -> Result<MapMigration, LoadError> {
        self.migrate_with::<T>(&LoadOptions::new())
    }

    /// Does the same as [`migrate`](Self::migrate) with the options of a load: which version a module without one counts as
    /// ([`LoadOptions::assume_version`]), whether newer modules are allowed, and other names for keys. The others have
    /// no meaning here.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// #[version(2)]
    /// struct Pair {
    ///     #[param]
    ///     #[renamed(since = 2, from = "b")]
    ///     a: f32,
    ///     #[param]
    ///     #[renamed(since = 2, from = "a")]
    ///     b: f32,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("a", TensorView::full(1.0f32, [])?);
    /// map.insert("b", TensorView::full(2.0f32, [])?);
    /// // It says no version, and is new already.
    /// map.migrate_with::<Pair>(&LoadOptions::new().assume_version(2))?;
    /// assert_eq!(map.get("a").unwrap().item::<f32>()?, 1.0);
    /// assert_eq!(map.version(""), Some(2));
    /// # let _ = Pair { a: 0.0, b: 0.0 };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Like [`migrate`](Self::migrate), and where the keys cannot be renamed as the options say.
    pub fn migrate_with<T: StateDict>(
        &mut self,
        options: &LoadOptions,
    ) -> Result<MapMigration, LoadError> {
        let schema = Schema::of::<T>();
        let prepared = prepare(self, options);
        let migrated = prepared.and_then(|prepared| migrate_by(&schema, &prepared.map, options));
        let (migrated, modules) = migrated.map_err(|problems| {
            let error = failed(&schema, problems, self, options);
            error.with_call("map.migrate_with::<Model>(")
        })?;
        let absent = Outline::new(&schema, &migrated, &modules).defaulted.into_iter().collect();
        *self = migrated;
        let unknown = schema.unknown().map(|unknown| unknown.path().to_owned());
        let unknown: BTreeSet<String> = unknown.chain(ambiguous(&schema)).collect();
        Ok(MapMigration { modules, unknown: unknown.into_iter().collect(), absent })
    }
}

/// Brings a state dict from the versions its modules were saved with to those of a schema.
///
/// # Errors
/// Every step that fails, and every module that is newer than the schema's.
pub(super) fn migrate_by<'s>(
    schema: &Schema,
    map: &StateMap<'s>,
    options: &LoadOptions,
) -> Result<(StateMap<'s>, Vec<ModuleMigration>), Vec<LoadProblem>> {
    let (mut modules, mut problems) = (Vec::new(), Vec::new());
    let ambiguous = ambiguous(schema);
    let patterns = schema.patterns();
    let mut start = Tree::new(map);
    // A record of every module is made, as every load reads one.
    start.metadata.get_or_insert_default();
    let mut tree = Some(start);
    let mut later = Later::default();
    for (number, module) in schema.modules().enumerate() {
        if ambiguous.contains(module.path()) {
            continue;
        }
        for path in places(module, &patterns, tree.as_ref()) {
            let alias = module.alias_of().is_some();
            let place = Place { path: &path, module: number, info: *module.info(), alias };
            let records = tree.as_ref().and_then(|tree| tree.metadata.as_ref());
            let recorded = records.and_then(|records| records.version(place.path));
            let found = options.version_of(&place.info, recorded);
            modules.extend(run_pre_load(map, &place, found, &mut tree, &mut problems));
            let is_absent = later.lacks(&place, || tree.get_or_insert_with(|| Tree::new(map)));
            if !is_absent {
                modules.extend(run_steps(map, &place, found, &mut tree, options, &mut problems));
                later.note(&place, found);
            }
            if recorded.is_none() {
                record(&place, &mut tree);
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok((tree.map_or_else(StateMap::new, Tree::into_map), modules))
}

/// The paths of the state dict at which `module` is; what its parents' steps renamed, they have renamed.
fn places(module: &SchemaModule, patterns: &Patterns<'_>, tree: Option<&Tree<'_>>) -> Vec<String> {
    if !module.is_optional() && !module.path().contains('*') {
        return vec![module.path().to_owned()];
    }
    let Some(tree) = tree else { return Vec::new() };
    let records = tree.metadata.iter().flat_map(|records| records.iter()).map(|(path, _)| path);
    let paths = Paths::new(tree.keys().chain(records));
    let mut found = patterns.expand(module.path(), &paths);
    if let Some(depth) = module.optional_segments() {
        found.retain(|path| paths.contains(first(path, depth)));
    }
    found
}

/// The paths at which there may be modules of different histories.
fn ambiguous(schema: &Schema) -> HashSet<String> {
    let has_history = |info: &ModuleInfo| {
        info.version() > 1 || !info.changes().is_empty() || info.pre_load().is_some()
    };
    let mut seen: HashMap<&str, (usize, bool)> = HashMap::new();
    for module in schema.modules() {
        let (count, history) = seen.entry(module.path()).or_default();
        *count += 1;
        *history |= has_history(module.info());
    }
    let several = seen.into_iter().filter(|&(_, (count, history))| count > 1 && history);
    several.map(|(path, _)| path.to_owned()).collect()
}
