//! Hooks of a load: closures that see the state dict of a module before it is matched, and the
//! lists after.

use std::fmt;
use std::sync::Arc;

use crate::load::incompatible::IncompatibleKeys;
use crate::load::report::problem::LoadProblem;
use crate::map::StateMap;

/// The part of the state dict that belongs to one module, which a pre-hook sees and may change.
///
/// As in PyTorch the keys are whole, and the part holds nothing but the module's own and its
/// children's: a change here reaches no other module.
#[derive(Debug)]
pub struct PreLoad<'h, 's> {
    pub(crate) path: &'h str,
    pub(crate) version: Option<u64>,
    pub(crate) state_dict: &'h mut StateMap<'s>,
    pub(crate) added: Added,
}

/// The keys that a pre-hook added to the lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Added {
    pub(crate) keys: IncompatibleKeys,
    pub(crate) errors: Vec<String>,
}

impl Added {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.errors.is_empty()
    }

    /// The errors as problems of the module at `path`.
    pub(crate) fn problems(&self, path: &str) -> impl Iterator<Item = LoadProblem> {
        self.errors.iter().map(move |message| LoadProblem::Hook {
            path: path.to_owned(),
            message: message.clone(),
        })
    }
}

impl<'s> PreLoad<'_, 's> {
    /// The module's path; empty for the root.
    pub fn path(&self) -> &str {
        self.path
    }

    /// Returns the prefix of the module's keys: its path and a dot, or nothing.
    pub fn prefix(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}.", self.path) }
    }

    /// The version with which the module was saved, where the state dict says.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// The module's part of the state dict, for changing.
    pub fn state_dict(&mut self) -> &mut StateMap<'s> {
        self.state_dict
    }

    /// Adds a key to the missing ones.
    pub fn missing(&mut self, key: impl Into<String>) {
        self.added.keys.missing_keys.push(key.into());
    }

    /// Adds a key to the unexpected ones.
    pub fn unexpected(&mut self, key: impl Into<String>) {
        self.added.keys.unexpected_keys.push(key.into());
    }

    /// Makes the load an error, strict or not, as appending to `error_msgs` in PyTorch.
    pub fn error(&mut self, message: impl Into<String>) {
        self.added.errors.push(message.into());
    }
}

type PreHook = dyn Fn(&mut PreLoad<'_, '_>) + Send + Sync;
type PostHook = dyn Fn(&mut IncompatibleKeys) + Send + Sync;

/// The hooks of a load, each with the path of its module, in the order they were registered.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pre: Vec<(String, Arc<PreHook>)>,
    post: Vec<(String, Arc<PostHook>)>,
}

impl Hooks {
    pub(crate) fn add_pre(
        &mut self,
        path: String,
        hook: impl Fn(&mut PreLoad<'_, '_>) + Send + Sync + 'static,
    ) {
        self.pre.push((path, Arc::new(hook)));
    }

    pub(crate) fn add_post(
        &mut self,
        path: String,
        hook: impl Fn(&mut IncompatibleKeys) + Send + Sync + 'static,
    ) {
        self.post.push((path, Arc::new(hook)));
    }

    /// The paths of all modules that have a hook.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let pre = self.pre.iter().map(|(path, _)| path.as_str());
        pre.chain(self.post.iter().map(|(path, _)| path.as_str()))
    }

    pub(crate) fn has_pre(&self, path: &str) -> bool {
        self.pre.iter().any(|(at, _)| at == path)
    }

    /// Runs the pre-hooks of the module at `path` on its part of the state dict.
    pub(crate) fn run_pre(
        &self,
        path: &str,
        version: Option<u64>,
        state_dict: &mut StateMap<'_>,
    ) -> Added {
        let mut load = PreLoad { path, version, state_dict, added: Added::default() };
        self.pre.iter().filter(|(at, _)| at == path).for_each(|(_, hook)| hook(&mut load));
        load.added
    }

    /// Runs the post-hooks of the module at `path` on the lists.
    pub(crate) fn run_post(&self, path: &str, keys: &mut IncompatibleKeys) {
        self.post.iter().filter(|(at, _)| at == path).for_each(|(_, hook)| hook(keys));
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}
