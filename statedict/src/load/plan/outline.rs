//! What a state dict should hold by a schema: the plan of a load without a model.

use std::collections::HashMap;

use crate::load::report::loaded::ModuleMigration;
use crate::map::StateMap;
use crate::schema::{Paths, Schema, SchemaEntry, SchemaModule, first, rest_below};
use crate::visit::Kind;

/// The expected content of a state dict, where there is no model to ask: only a schema, or another state dict.
pub(crate) struct Outline {
    pub(crate) class: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// The keys that it may lack, since it is older than they are.
    pub(crate) defaulted: Vec<String>,
    /// The keys that it has of buffers that are not persistent.
    pub(crate) unsaved: Vec<String>,
}

/// A key of an outline.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// The Rust type of the module that it is in; empty where it is not known.
    pub(crate) module: &'static str,
    /// The earlier entry that this is another name of.
    pub(crate) same_as: Option<usize>,
}

impl Outline {
    /// Expands a schema on a state dict that has been migrated; `modules` tells from which versions.
    pub(crate) fn new(schema: &Schema, map: &StateMap<'_>, modules: &[ModuleMigration]) -> Self {
        let versions: HashMap<&str, Option<u64>> =
            modules.iter().map(|module| (module.path.as_str(), module.found)).collect();
        let version = |path: &str| match versions.get(path) {
            Some(found) => *found,
            None => map.version(path),
        };
        let types: HashMap<&str, &'static str> = schema
            .modules()
            .map(|module: &SchemaModule| (module.path(), module.info().rust_type()))
            .collect();
        let is_unknown =
            |key: &str| schema.unknown().any(|unknown| rest_below(key, unknown.path()).is_some());
        let paths = Paths::new(map.all_keys().map(|(key, _)| key));
        let patterns = schema.patterns();
        let has = |key: &str| map.contains_key(key) || map.value(key).is_some();
        let unsaved = schema.entries().filter(|entry| !entry.is_persistent());
        let unsaved = unsaved.flat_map(|entry| patterns.expand(entry.key(), &paths));
        let mut outline = Outline {
            class: schema.class(),
            entries: Vec::new(),
            defaulted: Vec::new(),
            unsaved: unsaved.filter(|key| has(key)).collect(),
        };
        // The place of each key; what may be absent has none.
        let mut places: HashMap<String, Option<usize>> = HashMap::new();
        for entry in schema.entries().filter(|entry| entry.is_persistent()) {
            let parent = entry.key().rsplit_once('.').map_or("", |(parent, _)| parent);
            let module = types.get(parent).copied().unwrap_or_default();
            for key in patterns.expand(entry.key(), &paths) {
                if places.contains_key(&key) {
                    continue;
                }
                let target = entry.alias_of().map(|target| instance(entry.key(), &key, target));
                let may_lack = || {
                    entry
                        .optional_segments()
                        .is_some_and(|depth| !paths.contains(first(&key, depth)))
                        || is_unknown(&key)
                };
                if !has(&key) && may_lack() {
                    places.insert(key, None);
                } else if !has(&key) && is_newer(entry, target.as_ref().unwrap_or(&key), version) {
                    places.insert(key.clone(), None);
                    outline.defaulted.push(key);
                } else {
                    let same_as = target.and_then(|target| places.get(&target).copied().flatten());
                    places.insert(key.clone(), Some(outline.entries.len()));
                    outline.entries.push(Entry { key, kind: entry.kind(), module, same_as });
                }
            }
        }
        // What only a value knows is taken as it is.
        for (key, tensor) in
            map.all_keys().filter(|(key, _)| !places.contains_key(*key) && is_unknown(key))
        {
            let kind = if tensor.is_some() { Kind::Parameter } else { Kind::ExtraState };
            outline.entries.push(Entry { key: key.to_owned(), kind, module: "", same_as: None });
        }
        outline
    }
}

/// Returns `true` if the state dict was saved before there was this entry, which is under `key` where it has
/// its own name.
fn is_newer(entry: &SchemaEntry, key: &str, version: impl Fn(&str) -> Option<u64>) -> bool {
    entry.first_versions().any(|(module, since)| {
        let depth = module.split('.').filter(|segment| !segment.is_empty()).count();
        version(first(key, depth)).unwrap_or(0) < since
    })
}

/// Returns `target` with the segments that `key` has for each `*` of `pattern`.
fn instance(pattern: &str, key: &str, target: &str) -> String {
    let segments = pattern.split('.').zip(key.split('.'));
    let mut chosen = segments.filter(|(wanted, _)| *wanted == "*").map(|(_, found)| found);
    let filled = target.split('.').map(|segment| match segment {
        "*" => chosen.next().unwrap_or(segment),
        segment => segment,
    });
    filled.collect::<Vec<_>>().join(".")
}
