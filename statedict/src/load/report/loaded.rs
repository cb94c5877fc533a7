//! What a load did.

use std::fmt;

use crate::dtype::DType;
use crate::load::incompatible::IncompatibleKeys;
use crate::load::report::key_list::KeyList;
use crate::tensor::Shape;

/// What a successful load did.
///
/// `Display` is a summary for people; the lists are there for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The model's class.
    pub model: &'static str,
    /// The keys that were loaded, in the model's order. A tensor with several names counts once,
    /// under the name whose tensor was taken.
    pub loaded: KeyList,
    /// The keys of the extra states that were loaded.
    pub extra_states: Vec<String>,
    /// Keys that the model has and the state dict has not; empty in a strict load.
    pub missing: Vec<String>,
    /// Keys that the state dict has and the model has not; empty in a strict load.
    pub unexpected: Vec<String>,
    /// Keys that the state dict may lack because it is older than they are (`#[since(N)]`).
    /// The model's values stayed.
    pub defaulted: Vec<String>,
    /// Keys that the state dict lacks, but that are another name of a tensor it has: key and that name.
    pub satisfied_by_alias: Vec<(String, String)>,
    /// Tensors that were converted to the model's element type.
    pub converted: Vec<Converted>,
    /// Tensors of another shape, which were left out because the options allow it.
    pub mismatched: Vec<Mismatched>,
    /// Keys that were renamed as the options say: old and new.
    pub renamed: Vec<(String, String)>,
    /// Keys that were left out as the options say: those without the prefix that was selected.
    pub dropped: Vec<String>,
    /// Modules whose version in the state dict is not the model's, and what their migrations did.
    pub migrations: Vec<ModuleMigration>,
}

/// A tensor that was converted while it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The key.
    pub key: String,
    /// The element type in the state dict.
    pub from: DType,
    /// The element type in the model.
    pub to: DType,
}

/// A tensor whose shape is not the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatched {
    /// The key.
    pub key: String,
    /// The model's shape.
    pub expected: Shape,
    /// The state dict's shape.
    pub found: Shape,
}

impl LoadReport {
    /// The missing and unexpected keys, as `load_state_dict` of PyTorch returns and prints them.
    pub fn incompatible_keys(&self) -> IncompatibleKeys {
        IncompatibleKeys {
            missing_keys: self.missing.clone(),
            unexpected_keys: self.unexpected.clone(),
        }
    }
}

/// A module that was saved with another version than the model has, and what was done about it.
/// Keys are whole keys of the state dict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleMigration {
    /// The module's path; empty for the root.
    pub path: String,
    /// The module's class.
    pub module: &'static str,
    /// The version in the state dict; `None` where it says none.
    pub found: Option<u64>,
    /// The model's version.
    pub current: u64,
    /// Tensors and children that got another name: old and new.
    pub renamed: Vec<(String, String)>,
    /// Tensors that were dropped, or taken to make others of them.
    pub removed: Vec<String>,
    /// Tensors that were made.
    pub inserted: Vec<String>,
    /// Tensors that were replaced by what was computed from them.
    pub changed: Vec<String>,
}

impl ModuleMigration {
    pub(crate) fn new(path: &str, module: &'static str, found: Option<u64>, current: u64) -> Self {
        ModuleMigration {
            path: path.to_owned(),
            module,
            found,
            current,
            renamed: Vec::new(),
            removed: Vec::new(),
            inserted: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// Whether anything was done.
    pub(crate) fn has_edits(&self) -> bool {
        let ModuleMigration { renamed, removed, inserted, changed, .. } = self;
        !(renamed.is_empty() && removed.is_empty() && inserted.is_empty() && changed.is_empty())
    }
}

impl fmt::Display for ModuleMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.path.is_empty() { "the model" } else { &self.path };
        let found = self.found.map_or_else(|| "none".to_owned(), |found| found.to_string());
        write!(f, "version     {at} ({}): {found} -> {}", self.module, self.current)?;
        for (from, to) in &self.renamed {
            write!(f, "\n  renamed     {from} -> {to}")?;
        }
        for (label, keys) in
            [("removed", &self.removed), ("made", &self.inserted), ("changed", &self.changed)]
        {
            for key in keys {
                write!(f, "\n  {label:<11} {key}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadReport { model, loaded, missing, unexpected, defaulted, .. } = self;
        write!(f, "{model}: loaded {} tensors", loaded.len())?;
        match self.extra_states.len() {
            0 => {}
            1 => f.write_str(" and 1 extra state")?,
            count => write!(f, " and {count} extra states")?,
        }
        for migration in &self.migrations {
            write!(f, "\n  {migration}")?;
        }
        for Converted { key, from, to } in &self.converted {
            write!(f, "\n  converted   {key}: {from} -> {to}")?;
        }
        for (key, name) in &self.satisfied_by_alias {
            write!(f, "\n  tied        {key} is {name}")?;
        }
        for (from, to) in &self.renamed {
            write!(f, "\n  renamed     {from} -> {to}")?;
        }
        for Mismatched { key, expected, found } in &self.mismatched {
            write!(f, "\n  shape       {key}: the model has {expected}, the file {found}")?;
        }
        for (label, keys) in [
            ("dropped", &self.dropped),
            ("kept", defaulted),
            ("missing", missing),
            ("unexpected", unexpected),
        ] {
            for key in keys {
                write!(f, "\n  {label:<11} {key}")?;
            }
        }
        Ok(())
    }
}
