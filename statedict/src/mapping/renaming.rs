//! The one engine that renames: what rules make of keys, and of the modules that the keys are in.

use std::collections::{HashMap, HashSet};

use crate::key;
use crate::map::StateMap;
use crate::mapping::KeyMapError;
use crate::mapping::key_map::{KeyMap, Names, Renamer, Rule};
use crate::metadata::{Metadata, ModuleMetadata};

/// A state dict with other keys.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mapped<'a> {
    /// The state dict, in the order it had.
    pub map: StateMap<'a>,
    /// The keys that changed: old and new.
    pub renamed: Vec<(String, String)>,
    /// The keys that were left out: those without a prefix that was selected.
    pub dropped: Vec<String>,
}

/// The outcome for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    Becomes(String),
    Dropped,
}

/// The outcome of the rules of a [`KeyMap`] for the keys of one state dict.
#[derive(Debug)]
pub(crate) struct Renaming<'r> {
    rules: &'r KeyMap,
    /// The outcome for each key, in order.
    pub(crate) fates: Vec<Fate>,
    /// The places of modules' keys, where the rules do not tell by the path alone.
    followed: HashMap<String, String>,
}

impl KeyMap {
    /// Applies the rules to every key of `map` and to its metadata.
    ///
    /// # Errors
    /// Where two keys or two modules would become one, a name that is to be renamed does not exist, or a
    /// selected prefix is nowhere.
    pub fn apply<'a>(&self, map: &StateMap<'a>) -> Result<Mapped<'a>, KeyMapError> {
        let keys: Vec<&str> = map.all_keys().map(|(key, _)| key).collect();
        let paths = map.metadata().into_iter().flat_map(Metadata::iter);
        let renaming = self.plan(&keys, paths.map(|(path, _)| path))?;
        let metadata = map.metadata().map(|metadata| renaming.records(metadata, "")).transpose()?;
        let (mut renamed, mut dropped) = (Vec::new(), Vec::new());
        let mut mapped = StateMap::with_capacity(map.len());
        for ((key, part), fate) in map.parts().zip(renaming.fates) {
            match fate {
                Fate::Stays => mapped.insert_part(key.to_owned(), part),
                Fate::Becomes(to) => {
                    renamed.push((key.to_owned(), to.clone()));
                    mapped.insert_part(to, part);
                }
                Fate::Dropped => dropped.push(key.to_owned()),
            }
        }
        *mapped.metadata_mut() = metadata;
        mapped.set_of_file(map.of_file().clone());
        Ok(Mapped { map: mapped, renamed, dropped })
    }

    /// Says what becomes of `keys`; `modules` are paths that can be renamed although no key is below them.
    ///
    /// # Errors
    /// Where two keys would become one, a name that is to be renamed does not exist, or a selected prefix
    /// is nowhere.
    pub(crate) fn plan<'m>(
        &self,
        keys: &[&str],
        modules: impl IntoIterator<Item = &'m str>,
    ) -> Result<Renaming<'_>, KeyMapError> {
        let mut unused: HashSet<(usize, &str)> = HashSet::new();
        for (number, rule) in self.rules.iter().enumerate() {
            if let Rule::Rename(names) = rule {
                names.check()?;
                unused.extend(names.pairs.iter().map(|(from, _)| (number, from.as_str())));
            }
        }
        let mut rename = |key: &str| {
            self.key(key, &mut |number, from| {
                unused.remove(&(number, from));
            })
        };
        let fate = |key: &&str| match rename(key) {
            None => Fate::Dropped,
            Some(to) if to == **key => Fate::Stays,
            Some(to) => Fate::Becomes(to),
        };
        let fates: Vec<Fate> = keys.iter().map(fate).collect();
        modules.into_iter().for_each(|path| drop(rename(path)));
        // In the order of the rules.
        if let Some((_, key)) = unused.into_iter().min() {
            let nearest = key::nearest(key, keys.iter().copied()).map(str::to_owned);
            return Err(KeyMapError::NoSuchKey { key: key.to_owned(), nearest });
        }
        check_distinct(keys, &fates)?;
        let selected = self.rules.iter().find_map(|rule| match rule {
            Rule::Select(prefix) => Some(prefix),
            _ => None,
        });
        if let Some(prefix) = selected.filter(|_| fates.iter().all(|fate| *fate == Fate::Dropped)) {
            return Err(KeyMapError::NothingSelected { prefix: prefix.clone() });
        }
        let followed = if self.goes_by_keys() { followed(keys, &fates) } else { HashMap::new() };
        Ok(Renaming { rules: self, fates, followed })
    }

    /// Returns the key that `key` becomes, `None` where it is left out; `used` hears of each name that a
    /// rule renames.
    fn key<'r>(&'r self, key: &str, used: &mut dyn FnMut(usize, &'r str)) -> Option<String> {
        self.rules.iter().enumerate().try_fold(key.to_owned(), |key, (number, rule)| match rule {
            Rule::Strip(prefix) => Some(match key.strip_prefix(prefix.as_str()) {
                Some(rest) => rest.to_owned(),
                None => key,
            }),
            Rule::Add(prefix) => Some(format!("{prefix}{key}")),
            Rule::Select(prefix) => key.strip_prefix(prefix.as_str()).map(str::to_owned),
            Rule::Rename(names) => Some(match names.find(&key) {
                Some((from, to)) => {
                    used(number, from);
                    if key == *from {
                        to.to_owned()
                    } else {
                        key::join(to, key::below(&key, from)?)
                    }
                }
                None => key,
            }),
            Rule::Map(Renamer(rename)) => Some(rename(&key)),
            #[cfg(feature = "regex")]
            Rule::Replace(pattern) => Some(pattern.replace(&key)),
        })
    }

    /// Returns `true` where a rule may rename keys of a module without renaming the beginning that is the
    /// module's path.
    fn goes_by_keys(&self) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Map(_) => true,
            #[cfg(feature = "regex")]
            Rule::Replace(_) => true,
            _ => false,
        })
    }
}

impl Names {
    /// Returns the pair whose name is `key` or the innermost module around it.
    fn find(&self, key: &str) -> Option<(&str, &str)> {
        let ends = key.rmatch_indices('.').map(|(end, _)| end).chain([0]);
        let mut beginnings =
            std::iter::once(key.len()).chain(ends).filter_map(|end| key.get(..end));
        let &at = beginnings.find_map(|name| self.by_name.get(name))?;
        self.pairs.get(at).map(|(from, to)| (from.as_str(), to.as_str()))
    }

    fn check(&self) -> Result<(), KeyMapError> {
        for (nth, (key, second)) in self.pairs.iter().enumerate() {
            let known = self.by_name.get(key.as_str()).and_then(|&at| self.pairs.get(at));
            if let Some((_, first)) =
                known.filter(|(_, first)| first != second && self.by_name[key] != nth)
            {
                let (first, second) = (second.clone(), first.clone());
                return Err(KeyMapError::Ambiguous { key: key.clone(), first, second });
            }
        }
        Ok(())
    }
}

/// Checks that no two keys become one.
fn check_distinct(keys: &[&str], fates: &[Fate]) -> Result<(), KeyMapError> {
    if !fates.iter().any(|fate| matches!(fate, Fate::Becomes(_))) {
        return Ok(());
    }
    let mut taken: HashMap<&str, &str> = HashMap::with_capacity(keys.len());
    for (key, fate) in keys.iter().zip(fates) {
        let to = match fate {
            Fate::Stays => key,
            Fate::Becomes(to) => to.as_str(),
            Fate::Dropped => continue,
        };
        if let Some(first) = taken.insert(to, key) {
            let (first, second, to) = (first.to_owned(), (*key).to_owned(), to.to_owned());
            return Err(KeyMapError::Collision { first, second, to });
        }
    }
    Ok(())
}

/// Returns the modules all of whose keys moved to one other module and kept their names below it.
fn followed(keys: &[&str], fates: &[Fate]) -> HashMap<String, String> {
    let mut moves: HashMap<&str, Option<&str>> = HashMap::new();
    for (key, fate) in keys.iter().zip(fates) {
        let to = match fate {
            Fate::Stays => key,
            Fate::Becomes(to) => to.as_str(),
            Fate::Dropped => continue,
        };
        for (end, _) in key.match_indices('.') {
            let (path, rest) = key.split_at(end);
            let moved = to.strip_suffix(rest);
            let known = moves.entry(path).or_insert(moved);
            *known = known.filter(|known| Some(*known) == moved);
        }
    }
    let moved =
        moves.into_iter().filter_map(|(path, to)| Some((path, to.filter(|to| *to != path)?)));
    moved.map(|(path, to)| (path.to_owned(), to.to_owned())).collect()
}

impl Renaming<'_> {
    /// Returns the path that a module gets: that of its keys, or else what the rules make of the path with
    /// a dot after it, as the beginning of a key. `None` where it is left out.
    fn path(&self, path: &str) -> Option<String> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        let mut to = self.rules.key(&prefix, &mut |_, _| {})?;
        if let Some(to) = self.followed.get(path) {
            return Some(to.clone());
        }
        if to.ends_with('.') {
            to.pop();
        }
        Some(to)
    }

    /// Renames the records of the module at `around` and of all below it: the rules are for their keys
    /// from there on.
    ///
    /// # Errors
    /// Where two modules with different records would become one.
    pub(crate) fn records(
        &self,
        metadata: &Metadata,
        around: &str,
    ) -> Result<Metadata, KeyMapError> {
        let mut modules = indexmap::IndexMap::<String, (&str, &ModuleMetadata)>::new();
        for (path, entry) in metadata.iter() {
            let inside = if path == around { Some("") } else { key::below(path, around) };
            let to = match inside {
                Some(inside) => self.path(inside).map(|to| match to.as_str() {
                    "" => around.to_owned(),
                    to => key::join(around, to),
                }),
                None => Some(path.to_owned()),
            };
            let Some(to) = to else { continue };
            match modules.get(&to) {
                // The wrapper whose prefix is gone, as `DataParallel`, is gone with it.
                Some((first, known)) if *first != around && *known != entry => {
                    let (first, second) = ((*first).to_owned(), path.to_owned());
                    return Err(KeyMapError::ModuleCollision { first, second, to });
                }
                Some((first, _)) if *first != around => {}
                _ => drop(modules.insert(to, (path, entry))),
            }
        }
        let mut renamed = Metadata::default();
        for (path, (_, entry)) in modules {
            renamed.insert(path, entry.clone());
        }
        Ok(renamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns where the records of modules are, each of a version, once the rules are applied to keys.
    fn records(rules: &KeyMap, keys: &[&str], modules: &[(&str, u64)]) -> Vec<(String, u64)> {
        let mut metadata = Metadata::default();
        for &(path, version) in modules {
            metadata.insert(path, ModuleMetadata::with_version(version));
        }
        let renaming = rules.plan(keys, modules.iter().map(|(path, _)| *path)).unwrap();
        let renamed = renaming.records(&metadata, "").unwrap();
        let version =
            |(path, entry): (&str, &ModuleMetadata)| (path.to_owned(), entry.version().unwrap());
        renamed.iter().map(version).collect()
    }

    fn owned(records: &[(&str, u64)]) -> Vec<(String, u64)> {
        records.iter().map(|&(path, version)| (path.to_owned(), version)).collect()
    }

    #[test]
    fn records_go_where_the_names_go_at_any_depth() {
        let rules = KeyMap::new().rename_all([("a", "b"), ("b", "a"), ("a.in", "c.d")]);
        let keys = ["a.w", "b.w", "a.in.w"];
        let modules = [("", 1), ("a", 2), ("b", 3), ("a.in", 4), ("a.in.deep", 5), ("ab", 6)];
        let expected = [("", 1), ("b", 2), ("a", 3), ("c.d", 4), ("c.d.deep", 5), ("ab", 6)];
        assert_eq!(records(&rules, &keys, &modules), owned(&expected));
    }

    #[test]
    fn records_follow_their_keys_where_all_of_them_go_one_way() {
        let rules = KeyMap::new().map(|key| match key {
            "a.w" | "a.b" | "c.w" => format!("new.{key}"),
            key => key.to_owned(),
        });
        let keys = ["a.w", "a.b", "c.w", "c.b", "d.w"];
        let modules = [("a", 2), ("c", 3), ("d", 4)];
        assert_eq!(records(&rules, &keys, &modules), owned(&[("new.a", 2), ("c", 3), ("d", 4)]));
        // Also where another rule names the module, and the keys went on from there.
        let rules = rules.rename("new.a", "b").map(|key| match key {
            "b.w" | "b.b" => key.replace("b.", "e."),
            key => key.to_owned(),
        });
        let records = records(&rules, &["a.w"], &[("a", 2)]);
        assert_eq!(records, owned(&[("e", 2)]));
    }

    #[test]
    fn records_that_are_equal_become_one_and_others_do_not() {
        let rules = KeyMap::new().rename("a", "b");
        assert_eq!(records(&rules, &["a.w"], &[("a", 2), ("b", 2)]), owned(&[("b", 2)]));
        let mut metadata = Metadata::default();
        metadata.insert("a", ModuleMetadata::with_version(1));
        metadata.insert("b", ModuleMetadata::with_version(2));
        let renaming = rules.plan(&["a.w"], []).unwrap();
        let error = renaming.records(&metadata, "").unwrap_err();
        assert!(matches!(error, KeyMapError::ModuleCollision { .. }), "{error}");
    }

    #[test]
    fn a_pair_may_come_twice_and_a_name_may_not_become_two() {
        let twice = KeyMap::new().rename_all([("a", "b"), ("a", "b")]);
        assert_eq!(twice.plan(&["a"], []).unwrap().fates, [Fate::Becomes("b".to_owned())]);
        let two = KeyMap::new().rename_all([("a", "b"), ("a", "c")]);
        assert!(matches!(two.plan(&["a"], []), Err(KeyMapError::Ambiguous { .. })));
    }

    #[test]
    fn a_path_loses_the_dot_that_its_keys_had() {
        let rules = KeyMap::new().strip_prefix("module.");
        let modules = [("", 1), ("module", 2), ("module.fc", 3)];
        let expected = [("", 2), ("fc", 3)];
        assert_eq!(records(&rules, &["module.fc.w"], &modules), owned(&expected));
    }
}
