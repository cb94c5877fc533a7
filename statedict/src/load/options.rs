//! How strictly a state dict must fit the model, and what is done to it before.

use crate::load::hooks::{Hooks, PreLoad};
use crate::load::incompatible::IncompatibleKeys;
use crate::load::policy::{AliasPolicy, Atomicity, DTypePolicy};
use crate::mapping::{KeyMap, MapLocation};
use crate::setters::setters;
use crate::visit::ModuleInfo;

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
    pub(crate) assign: bool,
    pub(crate) keep_mapped: bool,
    pub(crate) ignore_mismatched: bool,
    pub(crate) dtype: DTypePolicy,
    pub(crate) alias: AliasPolicy,
    pub(crate) atomicity: Atomicity,
    pub(crate) verify: bool,
    pub(crate) newer_versions: bool,
    pub(crate) assumed_version: Option<u64>,
    /// `true` if keys are matched by PyTorch's rules, to the order of the lists.
    pub(crate) torch_rules: bool,
    pub(crate) keys: KeyMap,
    pub(crate) location: Option<MapLocation>,
    pub(crate) hooks: Hooks,
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
            assign: false,
            keep_mapped: false,
            ignore_mismatched: false,
            dtype: DTypePolicy::Widen,
            alias: AliasPolicy::Error,
            atomicity: Atomicity::Validated,
            verify: true,
            newer_versions: false,
            assumed_version: None,
            torch_rules: false,
            keys: KeyMap::new(),
            location: None,
            hooks: Hooks::default(),
        }
    }

    /// Exactly as `torch.nn.Module.load_state_dict`, for programs that must behave as their Python
    /// twins; not what we advise.
    ///
    /// - Keys are matched module by module: a child that is `None` swallows every key below it, and
    ///   the lists are in PyTorch's order.
    /// - Every name of a tied tensor must be there, and the last wins.
    /// - Element types are converted in silence ([`DTypePolicy::Cast`]).
    /// - What fits is written although the load fails ([`Atomicity::None`]).
    /// - A module from a newer version is no error.
    ///
    /// What is only ours stays ours: migrations run, and a file's checksums are verified, before
    /// anything is written. [`LoadError::torch_message`](crate::LoadError::torch_message) is
    /// PyTorch's text.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    ///     #[param]
    ///     bias: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut fc = Linear { weight: vec![0.0; 2], bias: vec![0.0; 2] };
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::from_vec(vec![1.0f64, 2.0], [2])?);
    ///
    /// let error = fc.load_state_dict_with(&map, &LoadOptions::torch()).unwrap_err();
    /// assert_eq!(
    ///     error.torch_message(),
    ///     "Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: \"bias\". "
    /// );
    /// assert_eq!(fc.weight, [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn torch() -> Self {
        LoadOptions {
            dtype: DTypePolicy::Cast,
            alias: AliasPolicy::LastWins,
            atomicity: Atomicity::None,
            newer_versions: true,
            torch_rules: true,
            ..LoadOptions::new()
        }
    }

    /// The same for a state dict that has been prepared already, and for a plan without modules.
    pub(crate) fn matched_only(mut self) -> Self {
        (self.keys, self.location) = (KeyMap::new(), None);
        (self.hooks, self.torch_rules) = (Hooks::default(), false);
        self
    }

    setters! {
        /// Sets whether missing and unexpected keys are errors (the default) or only reported.
        /// A tensor of another shape is an error either way, as in PyTorch.
        strict(strict: bool) => strict = strict;

        /// Sets whether a tensor of another shape is left out and listed in
        /// [`LoadReport::mismatched`](crate::LoadReport::mismatched), instead of being an error: for a
        /// new head on an old body.
        ///
        /// ```
        /// use statedict::prelude::*;
        /// use statedict::LoadOptions;
        ///
        /// #[derive(StateDict)]
        /// struct Head {
        ///     #[param]
        ///     weight: Vec<f32>,
        /// }
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let old = Head { weight: vec![1.0; 1000] };
        /// let mut new = Head { weight: vec![0.0; 10] };
        /// let options = LoadOptions::new().ignore_mismatched(true);
        /// let report = new.load_state_dict_with(&old.state_dict()?, &options)?;
        /// assert_eq!(report.mismatched[0].key, "weight");
        /// assert_eq!(new.weight, [0.0; 10]);
        /// # Ok(())
        /// # }
        /// ```
        ignore_mismatched(ignore: bool) => ignore_mismatched = ignore;

        /// Sets whether each tensor of the model becomes the one of the state dict, element type included,
        /// instead of taking its elements over: `assign=True` of PyTorch. The shapes must still be
        /// equal.
        ///
        /// A tensor whose Rust type fixes the element type takes only that type. A tensor with several
        /// names (`#[alias]`) stays one, where PyTorch makes several of it; so do several handles of one
        /// storage, which are written in place and take only the element type that they have. The state
        /// dict's bytes are copied: nothing of it is borrowed by the model, unless
        /// [`keep_mapped`](Self::keep_mapped) allows it.
        ///
        /// ```
        /// use statedict::prelude::*;
        /// use statedict::{DType, LoadOptions};
        ///
        /// #[derive(StateDict)]
        /// struct Linear {
        ///     #[param]
        ///     weight: CpuTensor,
        /// }
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let half = Linear { weight: CpuTensor::zeros(DType::F16, [2]) };
        /// let mut fc = Linear { weight: CpuTensor::zeros(DType::F32, [2]) };
        /// fc.load_state_dict_with(&half.state_dict()?, &LoadOptions::new().assign(true))?;
        /// assert_eq!(fc.weight.dtype(), DType::F16);
        /// # Ok(())
        /// # }
        /// ```
        assign(assign: bool) => assign = assign;

        /// With [`assign`](Self::assign): whether tensors may stay where the file is mapped into memory, as after
        /// `torch.load(..., mmap=True)` and `load_state_dict(..., assign=True)`. Loading then copies nothing
        /// that a tensor library can use as it is, such as burn's on the CPU; what it writes to later, it copies
        /// first. The default is not to.
        ///
        /// The file must not be changed or cut short while the model, or a clone of one of its tensors, lives:
        /// what they hold would change, or the program end. Replacing the file by another, as saving
        /// to the same path does, is safe. Tensors of a map that was read into memory
        /// ([`StateMap::load_owned`](crate::StateMap::load_owned)) stay there, where no file matters.
        ///
        /// A tensor that has to be converted, gathered or transposed is copied all the same, and so is
        /// one of a library that keeps its elements in memory of its own.
        keep_mapped(keep: bool) => keep_mapped = keep;

        /// Sets the treatment of a tensor whose element type is not the model's.
        dtype(policy: DTypePolicy) => dtype = policy;

        /// Sets the treatment of a file that has different tensors under the names of one.
        alias(policy: AliasPolicy) => alias = policy;

        /// How much of the model may be written where the load fails.
        atomicity(atomicity: Atomicity) => atomicity = atomicity;

        /// Sets whether to check the file's checksums, headers and compressed data before anything is written (the
        /// default). Without, a damaged file can leave the model partly written.
        verify(verify: bool) => verify = verify;

        /// Sets whether to accept a module whose version in the file is newer than the model's. By default
        /// that is an error: the model cannot know what has changed.
        allow_newer_versions(allow: bool) => newer_versions = allow;

        /// Says which version a module counts as that has none in the state dict: `version`, or that of its class
        /// where that is lower. By default it counts as older than every version, as in PyTorch, and all its
        /// steps run.
        ///
        /// Versions are lost where a state dict is copied as a plain dict, and by most programs that write
        /// safetensors. With the highest version of the model's classes, such a file counts as new.
        ///
        /// ```
        /// use statedict::prelude::*;
        /// use statedict::{LoadOptions, MigrateError, Migration};
        ///
        /// #[derive(StateDict)]
        /// #[version(3)]
        /// #[migrate(to = 3, with = Self::to_v3)]
        /// struct Attention {
        ///     #[param]
        ///     q: Vec<f32>,
        ///     #[param]
        ///     k: Vec<f32>,
        /// }
        ///
        /// impl Attention {
        ///     fn to_v3(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        ///         migration.split("packed", 0, &[("q", 1), ("k", 1)])
        ///     }
        /// }
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let mut map = StateMap::new();
        /// map.insert("q", TensorView::full(1.0f32, [1])?);
        /// map.insert("k", TensorView::full(2.0f32, [1])?);
        ///
        /// let mut attention = Attention { q: vec![0.0], k: vec![0.0] };
        /// let error = attention.load_state_dict(&map).unwrap_err();
        /// assert!(error.hints[0].contains("assume_version(3)"));
        /// attention.load_state_dict_with(&map, &LoadOptions::new().assume_version(3))?;
        /// assert_eq!(attention.k, [2.0]);
        /// # Ok(())
        /// # }
        /// ```
        assume_version(version: u64) => assumed_version = Some(version);
    }

    /// Returns the version that a module counts as.
    pub(crate) fn version_of(&self, class: &ModuleInfo, recorded: Option<u64>) -> Option<u64> {
        recorded.or_else(|| Some(self.assumed_version?.min(class.version())))
    }

    setters! {
        /// Renames the keys of the state dict before anything else; they replace rules given before.
        ///
        /// ```
        /// use statedict::prelude::*;
        /// use statedict::{KeyMap, LoadOptions};
        ///
        /// #[derive(StateDict)]
        /// struct Linear {
        ///     #[param]
        ///     weight: Vec<f32>,
        /// }
        ///
        /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// let mut wrapped = StateMap::new();
        /// wrapped.insert("module.weight", TensorView::from_vec(vec![1.0f32, 2.0], [2])?);
        ///
        /// let mut fc = Linear { weight: vec![0.0; 2] };
        /// let options = LoadOptions::new().map_keys(KeyMap::new().strip_prefix("module."));
        /// let report = fc.load_state_dict_with(&wrapped, &options)?;
        /// assert_eq!(report.renamed, [("module.weight".into(), "weight".into())]);
        /// # Ok(())
        /// # }
        /// ```
        map_keys(keys: KeyMap) => keys = keys;

        /// Gives the tensors of the state dict other location tags, as `map_location` of `torch.load`;
        /// a tensor library that knows devices goes by them where it is [assigned](Self::assign) a tensor.
        map_location(location: MapLocation) => location = Some(location);
    }

    /// Runs `hook` on the whole state dict before it is matched with the model:
    /// `register_load_state_dict_pre_hook` of the root.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut old = StateMap::new();
    /// old.insert("w", TensorView::from_vec(vec![1.0f32, 2.0], [2])?);
    ///
    /// let options = LoadOptions::new().pre_load(|load| {
    ///     if let Some(weight) = load.state_dict().remove("w") {
    ///         load.state_dict().insert("weight", weight);
    ///     }
    /// });
    /// let mut fc = Linear { weight: vec![0.0; 2] };
    /// fc.load_state_dict_with(&old, &options)?;
    /// assert_eq!(fc.weight, [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pre_load(self, hook: impl Fn(&mut PreLoad<'_, '_>) + Send + Sync + 'static) -> Self {
        self.pre_load_at("", hook)
    }

    /// Runs `hook` on the state dict of the module at `path`, after its parents' and its migration
    /// and before its children's. Hooks of one module run in the order they were added.
    #[must_use]
    pub fn pre_load_at(
        mut self,
        path: impl Into<String>,
        hook: impl Fn(&mut PreLoad<'_, '_>) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.add_pre(path.into(), hook);
        self
    }

    /// Runs `hook` on the lists of missing and unexpected keys before they become errors:
    /// `register_load_state_dict_post_hook` of the root. It may clear them, or add to them.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = LoadOptions::new().post_load(|keys| keys.missing_keys.clear());
    /// let mut fc = Linear { weight: vec![0.0; 2] };
    /// assert!(fc.load_state_dict_with(&StateMap::new(), &options).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn post_load(self, hook: impl Fn(&mut IncompatibleKeys) + Send + Sync + 'static) -> Self {
        self.post_load_at("", hook)
    }

    /// Runs `hook` for the module at `path`, after its children's hooks and before its parents'.
    ///
    /// With [`torch`](Self::torch) the lists hold what was found so far, as in PyTorch; else they
    /// hold everything.
    #[must_use]
    pub fn post_load_at(
        mut self,
        path: impl Into<String>,
        hook: impl Fn(&mut IncompatibleKeys) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.add_post(path.into(), hook);
        self
    }
}
