//! Rules that rename keys, and the modules' versions with them.

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::map::{Part, StateMap};
use crate::mapping::KeyMapError;
#[cfg(feature = "regex")]
use crate::mapping::pattern::Pattern;
use crate::metadata::{Metadata, ModuleMetadata};

/// Renames the keys of a state dict: rules, applied to each key one after the other.
///
/// Two keys that would become one are an error, and `_metadata` is renamed with the keys, so that the
/// modules keep their versions. Prefixes are paths of modules: `"module"` and `"module."` are the
/// same, and mean whole segments.
///
/// ```
/// use statedict::{KeyMap, StateMap, TensorView};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("module.fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
///
/// let mapped = KeyMap::new().strip_prefix("module.").add_prefix("backbone").apply(&map)?;
/// assert_eq!(mapped.map.keys().collect::<Vec<_>>(), ["backbone.fc.weight"]);
/// assert_eq!(mapped.renamed, [("module.fc.weight".into(), "backbone.fc.weight".into())]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct KeyMap {
    rules: Vec<Rule>,
}

/// What a rule holds of a prefix ends in a dot.
#[derive(Debug, Clone)]
enum Rule {
    Strip(String),
    Add(String),
    Select(String),
    #[cfg(feature = "regex")]
    Replace(Pattern),
}

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

impl KeyMap {
    /// No rule: every key stays.
    pub fn new() -> Self {
        KeyMap::default()
    }

    /// Takes `prefix` off the keys that begin with it: `module.` of `DataParallel`, `_orig_mod.` of
    /// `torch.compile`.
    #[must_use]
    pub fn strip_prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.rules.extend(dotted(prefix.as_ref()).map(Rule::Strip));
        self
    }

    /// Puts `prefix` before every key.
    #[must_use]
    pub fn add_prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.rules.extend(dotted(prefix.as_ref()).map(Rule::Add));
        self
    }

    /// Keeps only the keys that begin with `prefix`, without it: one part of a larger model, as
    /// mmengine's `_load_checkpoint_with_prefix`. It is an error where there is none.
    #[must_use]
    pub fn select_prefix(mut self, prefix: impl AsRef<str>) -> Self {
        self.rules.extend(dotted(prefix.as_ref()).map(Rule::Select));
        self
    }

    /// Replaces every match of a regular expression in each key, as Python's `re.sub` and mmengine's
    /// `revise_keys`: `\1` and `\g<name>` in the replacement stand for groups.
    ///
    /// A module's path is renamed as the beginning of a key is, with a dot after it. Look-around and
    /// references within a pattern, which Python has, are not supported.
    ///
    /// ```
    /// use statedict::{KeyMap, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("module.layer1.weight", TensorView::from_vec(vec![0.5f32], [1])?);
    ///
    /// let rules = KeyMap::new().replace(r"^module\.", "")?.replace(r"layer(\d+)", r"layers.\1")?;
    /// assert_eq!(rules.apply(&map)?.map.keys().collect::<Vec<_>>(), ["layers.1.weight"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the pattern is no regular expression.
    #[cfg(feature = "regex")]
    pub fn replace(mut self, pattern: &str, replacement: &str) -> Result<Self, KeyMapError> {
        self.rules.push(Rule::Replace(Pattern::new(pattern, replacement)?));
        Ok(self)
    }

    /// These rules, and after them those of `next`.
    ///
    /// ```
    /// use statedict::{KeyMap, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("module.fc.weight", TensorView::from_vec(vec![0.5f32], [1])?);
    ///
    /// let rules = KeyMap::new().strip_prefix("module.").then(KeyMap::new().strip_prefix("fc."));
    /// assert!(rules.apply(&map)?.map.contains_key("weight"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn then(mut self, next: KeyMap) -> Self {
        self.rules.extend(next.rules);
        self
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Applies the rules to every key of `map` and to its metadata.
    ///
    /// # Errors
    /// Where two keys or two modules would become one, or a selected prefix is nowhere.
    pub fn apply<'a>(&self, map: &StateMap<'a>) -> Result<Mapped<'a>, KeyMapError> {
        let mut entries: IndexMap<String, (&str, Part<'a>)> = IndexMap::with_capacity(map.len());
        let (mut renamed, mut dropped) = (Vec::new(), Vec::new());
        for (key, part) in map.parts() {
            let Some(to) = self.rename(key) else {
                dropped.push(key.to_owned());
                continue;
            };
            if to != key {
                renamed.push((key.to_owned(), to.clone()));
            }
            match entries.entry(to) {
                Entry::Vacant(entry) => {
                    entry.insert((key, part));
                }
                Entry::Occupied(entry) => {
                    return Err(KeyMapError::Collision {
                        first: entry.get().0.to_owned(),
                        second: key.to_owned(),
                        to: entry.key().clone(),
                    });
                }
            }
        }
        let selected = self.rules.iter().find_map(|rule| match rule {
            Rule::Select(prefix) => Some(prefix),
            _ => None,
        });
        if let Some(prefix) = selected.filter(|_| entries.is_empty()) {
            return Err(KeyMapError::NothingSelected { prefix: prefix.clone() });
        }
        let mut map_of =
            StateMap::from_parts(entries.into_iter().map(|(key, (_, part))| (key, part)));
        *map_of.metadata_mut() =
            map.metadata().map(|metadata| self.rename_modules(metadata)).transpose()?;
        map_of.file_metadata_mut().clone_from(map.file_metadata());
        Ok(Mapped { map: map_of, renamed, dropped })
    }

    /// The key that `key` becomes; `None` where it is left out.
    fn rename(&self, key: &str) -> Option<String> {
        self.rules.iter().try_fold(key.to_owned(), |key, rule| match rule {
            Rule::Strip(prefix) => {
                Some(key.strip_prefix(prefix.as_str()).map_or_else(|| key.clone(), str::to_owned))
            }
            Rule::Add(prefix) => Some(format!("{prefix}{key}")),
            Rule::Select(prefix) => key.strip_prefix(prefix.as_str()).map(str::to_owned),
            #[cfg(feature = "regex")]
            Rule::Replace(pattern) => Some(pattern.replace(&key)),
        })
    }

    /// Renames each module as the prefix of its keys.
    fn rename_modules(&self, metadata: &Metadata) -> Result<Metadata, KeyMapError> {
        let mut modules: IndexMap<String, (&str, &ModuleMetadata)> = IndexMap::new();
        for (path, entry) in metadata.iter() {
            let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
            let Some(mut to) = self.rename(&prefix) else { continue };
            if to.ends_with('.') {
                to.pop();
            }
            match modules.entry(to) {
                Entry::Vacant(place) => {
                    place.insert((path, entry));
                }
                // The wrapper whose prefix is gone, as `DataParallel`, is gone with it.
                Entry::Occupied(mut place) if place.get().0.is_empty() => {
                    place.insert((path, entry));
                }
                Entry::Occupied(place) if place.get().1 == entry => {}
                Entry::Occupied(place) => {
                    return Err(KeyMapError::ModuleCollision {
                        first: place.get().0.to_owned(),
                        second: path.to_owned(),
                        to: place.key().clone(),
                    });
                }
            }
        }
        let mut renamed = Metadata::default();
        for (path, (_, entry)) in modules {
            renamed.insert(path, entry.clone());
        }
        Ok(renamed)
    }
}

/// A prefix with one dot at its end; `None` for the root, where there is nothing to do.
fn dotted(prefix: &str) -> Option<String> {
    let path = prefix.strip_suffix('.').unwrap_or(prefix);
    (!path.is_empty()).then(|| format!("{path}."))
}
