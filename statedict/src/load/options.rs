//! How strictly a state dict must fit the model.

/// How to load a state dict; the default is strict.
///
/// ```
/// use statedict::{DTypePolicy, LoadOptions};
///
/// let options = LoadOptions::new().strict(false).dtype(DTypePolicy::Exact);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct LoadOptions {
    pub(crate) strict: bool,
    pub(crate) dtype: DTypePolicy,
    pub(crate) alias: AliasPolicy,
    pub(crate) verify: bool,
    pub(crate) newer_versions: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions::new()
    }
}

impl LoadOptions {
    /// Strict, lossless widening allowed, tied tensors must agree, checksums verified.
    pub fn new() -> Self {
        LoadOptions {
            strict: true,
            dtype: DTypePolicy::Widen,
            alias: AliasPolicy::Error,
            verify: true,
            newer_versions: false,
        }
    }

    /// Whether missing and unexpected keys are errors (the default) or only reported.
    /// A tensor of another shape is an error either way, as in PyTorch.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// What to do with a tensor whose element type is not the model's.
    #[must_use]
    pub fn dtype(mut self, policy: DTypePolicy) -> Self {
        self.dtype = policy;
        self
    }

    /// What to do where the file has different tensors under the names of one.
    #[must_use]
    pub fn alias(mut self, policy: AliasPolicy) -> Self {
        self.alias = policy;
        self
    }

    /// Whether to check the file's checksums before anything is written (the default).
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Whether to accept a module whose version in the file is newer than the model's. By default
    /// that is an error: the model cannot know what has changed.
    #[must_use]
    pub fn allow_newer_versions(mut self, allow: bool) -> Self {
        self.newer_versions = allow;
        self
    }
}

/// What to do with a tensor whose element type is not the model's.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DTypePolicy {
    /// Refuse it.
    Exact,
    /// Convert it where no value can change (float16 into float32, int32 into int64 …),
    /// otherwise refuse it.
    #[default]
    Widen,
}

/// What to do where a state dict has different tensors under several names of one tensor:
/// `fc.weight` and `f3.weight` of a model in which `f3` is `fc`.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AliasPolicy {
    /// Refuse it.
    #[default]
    Error,
    /// Load the last, as PyTorch does.
    LastWins,
    /// Load the first.
    FirstWins,
}
