//! `_metadata`: the version of each module of a state dict.

use crate::name_map::NameMap;
use crate::value::SharedValue;

/// The `_metadata` of a state dict: for each module's path, its version.
///
/// PyTorch keeps it as an attribute of the dict that `state_dict()` returns, and most ways of
/// copying that dict lose it. Here it is a part of [`StateMap`](crate::StateMap).
///
/// ```
/// use statedict::state_map::{Metadata, ModuleMetadata};
///
/// let mut metadata = Metadata::default();
/// metadata.insert("", ModuleMetadata::with_version(2));
/// metadata.insert("bn", ModuleMetadata::with_version(2));
/// assert_eq!(metadata.version("bn"), Some(2));
/// assert_eq!(metadata.version("fc"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    modules: NameMap<ModuleMetadata>,
}

/// The entry of one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleMetadata {
    version: Option<u64>,
    extra: Box<[(String, SharedValue)]>,
}

impl ModuleMetadata {
    /// An entry that holds a version, as `state_dict()` writes for every module.
    pub fn with_version(version: u64) -> Self {
        ModuleMetadata { version: Some(version), extra: Box::default() }
    }

    /// The module's version (`_version` of its class when it was saved), if the entry has one.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Returns the entry with another version; everything else in it is kept.
    #[must_use]
    pub fn set_version(mut self, version: Option<u64>) -> Self {
        self.version = version;
        self
    }

    /// Returns what the entry holds besides the version, in order: `spectral_norm` and the like, which a
    /// module's own code put there.
    pub fn extra(&self) -> impl ExactSizeIterator<Item = (&str, &SharedValue)> {
        self.extra.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Sets something besides the version, and returns what was there.
    /// What is new goes to the end, what is replaced keeps its place.
    pub fn insert_extra(
        &mut self,
        key: impl Into<String>,
        value: SharedValue,
    ) -> Option<SharedValue> {
        let key = key.into();
        if let Some((_, place)) = self.extra.iter_mut().find(|(found, _)| *found == key) {
            return Some(std::mem::replace(place, value));
        }
        let mut extra = std::mem::take(&mut self.extra).into_vec();
        extra.push((key, value));
        self.extra = extra.into_boxed_slice();
        None
    }
}

impl From<NameMap<ModuleMetadata>> for Metadata {
    fn from(modules: NameMap<ModuleMetadata>) -> Self {
        Metadata { modules }
    }
}

impl Metadata {
    /// The entry of the module at `path`: `""` for the root, no trailing dot.
    pub fn get(&self, path: &str) -> Option<&ModuleMetadata> {
        self.modules.get(path)
    }

    /// The version of the module at `path`; `None` where it has no entry or the entry no version.
    pub fn version(&self, path: &str) -> Option<u64> {
        self.get(path)?.version
    }

    /// Sets the entry of the module at `path`, and returns the one it had.
    /// A new entry goes to the end, a replaced one keeps its place.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        entry: ModuleMetadata,
    ) -> Option<ModuleMetadata> {
        self.modules.insert(path.into(), entry)
    }

    /// Takes the entry of the module at `path` out; the others keep their order.
    pub fn remove(&mut self, path: &str) -> Option<ModuleMetadata> {
        self.modules.remove(path).map(|(_, entry)| entry)
    }

    /// The modules' paths and entries, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ModuleMetadata)> {
        self.modules.iter()
    }

    /// The number of modules.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Returns `true` if there are no modules.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }
}
