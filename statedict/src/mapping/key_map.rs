//! Rules that rename keys, and the modules' versions with them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "regex")]
use crate::mapping::KeyMapError;
#[cfg(feature = "regex")]
use crate::mapping::pattern::Pattern;

/// Renames the keys of a state dict: rules, applied to each key one after the other.
///
/// Two keys that would become one are an error, and `_metadata` is renamed with the keys, so that the
/// modules keep their versions. Prefixes are paths of modules: `"module"` and `"module."` are the
/// same, and mean whole segments.
///
/// The same rules rename the keys of a module in a migration: [`Migration::map_keys`](crate::Migration::map_keys).
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
    pub(super) rules: Vec<Rule>,
}

/// A rule; the prefixes in it end in a dot.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Strip(String),
    Add(String),
    Select(String),
    Rename(Names),
    Map(Renamer),
    #[cfg(feature = "regex")]
    Replace(Pattern),
}

/// Names and what they become, all at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    pub(super) pairs: Vec<(String, String)>,
    /// The place of each name among the pairs.
    pub(super) by_name: HashMap<String, usize>,
}

/// A function that renames.
#[derive(Clone)]
pub(super) struct Renamer(pub(super) Arc<dyn Fn(&str) -> String + Send + Sync>);

impl fmt::Debug for Renamer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renamer(..)")
    }
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

    /// Renames one key, or a module with everything below it.
    ///
    /// ```
    /// use statedict::{KeyMap, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32], [1])?);
    ///
    /// let mapped = KeyMap::new().rename("fc", "head").apply(&map)?;
    /// assert!(mapped.map.contains_key("head.weight"));
    /// let error = KeyMap::new().rename("fs", "head").apply(&map).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no `fs`");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rename(self, from: impl AsRef<str>, to: impl AsRef<str>) -> Self {
        self.rename_all([(from, to)])
    }

    /// Renames several keys and modules at once, so that names can be exchanged or shifted. A key below
    /// several of the names goes with the innermost.
    ///
    /// ```
    /// use statedict::{KeyMap, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("conv1.weight", TensorView::full(1i64, [])?);
    /// map.insert("conv2.weight", TensorView::full(2i64, [])?);
    ///
    /// let shift = KeyMap::new().rename_all([("conv1", "conv2"), ("conv2", "conv3")]);
    /// let map = shift.apply(&map)?.map;
    /// assert_eq!(map.keys().collect::<Vec<_>>(), ["conv2.weight", "conv3.weight"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rename_all<F: AsRef<str>, T: AsRef<str>>(
        mut self,
        names: impl IntoIterator<Item = (F, T)>,
    ) -> Self {
        let mut all = Names::default();
        for (at, (from, to)) in names.into_iter().enumerate() {
            all.by_name.insert(from.as_ref().to_owned(), at);
            all.pairs.push((from.as_ref().to_owned(), to.as_ref().to_owned()));
        }
        self.rules.push(Rule::Rename(all));
        self
    }

    /// Renames each key by a function. It also gets the paths of modules, with a dot after them.
    ///
    /// ```
    /// use statedict::{KeyMap, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("ln.gamma", TensorView::from_vec(vec![0.5f32], [1])?);
    ///
    /// let rules = KeyMap::new().map(|key| key.replace("gamma", "weight"));
    /// assert!(rules.apply(&map)?.map.contains_key("ln.weight"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn map(mut self, rename: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.rules.push(Rule::Map(Renamer(Arc::new(rename))));
        self
    }

    /// Replaces every match of a regular expression in each key, like Python's `re.sub` and mmengine's
    /// `revise_keys`: `\1` and `\g<name>` in the replacement stand for groups, `\\` for a backslash.
    ///
    /// A module goes where its keys go. Look-around and references within a pattern, which Python has,
    /// are not supported.
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
    /// Where the pattern is not a regular expression, or the replacement names a group that it does not have.
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

    /// Returns `true` if there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// A prefix with one dot at its end; `None` for the root, where there is nothing to do.
fn dotted(prefix: &str) -> Option<String> {
    let path = prefix.strip_suffix('.').unwrap_or(prefix);
    (!path.is_empty()).then(|| format!("{path}."))
}
