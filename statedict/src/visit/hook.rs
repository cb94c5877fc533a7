//! What a module is told after it was loaded.

use crate::key;

/// The effect of a load on a module and all below it, for its `post_load` hook. Keys are relative to
/// the module, as for a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    missing: Vec<String>,
    unexpected: Vec<String>,
}

impl Loaded {
    /// The keys that the state dict lacked; the module's values stayed. Empty after a strict load,
    /// but for those that an older state dict may lack.
    pub fn missing_keys(&self) -> &[String] {
        &self.missing
    }

    /// The keys that the state dict had and the module has not. Empty after a strict load.
    pub fn unexpected_keys(&self) -> &[String] {
        &self.unexpected
    }

    pub(crate) fn new(missing: Vec<String>, unexpected: Vec<String>) -> Self {
        Loaded { missing, unexpected }
    }

    /// The part of the module at `path`.
    pub(super) fn below(&self, path: &str) -> Loaded {
        let below = |keys: &[String]| {
            keys.iter().filter_map(|key| key::below(key, path)).map(str::to_owned).collect()
        };
        Loaded { missing: below(&self.missing), unexpected: below(&self.unexpected) }
    }
}
