//! What a load did.

use std::fmt;

use foldhash::HashSet;

use crate::dtype::DType;
use crate::escape::line;
use crate::load::incompatible::IncompatibleKeys;
use crate::load::report::hint::PrefixGuess;
use crate::load::report::key_list::KeyList;
use crate::not_kept::NotKept;
use crate::tensor::Shape;

/// The report of a successful load.
///
/// `Display` is a summary for people; the lists are there for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LoadReport {
    /// The model's class.
    pub model: &'static str,
    /// The keys that were loaded, in the model's order. A tensor with several names counts once,
    /// under the name whose tensor was taken.
    pub loaded: KeyList,
    /// The keys of the extra states that were loaded.
    pub extra_states: KeyList,
    /// Keys that the model has and the state dict has not; empty in a strict load.
    pub missing: KeyList,
    /// Keys that the state dict has and the model has not; empty in a strict load.
    pub unexpected: KeyList,
    /// Those of the unexpected keys that the model has as buffers that are not persistent, which PyTorch does not
    /// save.
    pub non_persistent: KeyList,
    /// Keys that the state dict may lack because it is older than they are (`#[since(N)]`).
    /// The model's values stayed.
    pub defaulted: KeyList,
    /// The keys of the state dict that are other names of what was loaded.
    pub other_names: KeyList,
    /// Keys that the state dict lacks, but that are another name of a tensor it has: key and that name.
    pub satisfied_by_alias: Vec<(String, String)>,
    /// Tensors that were converted to the model's element type.
    pub converted: Vec<Converted>,
    /// Tensors of another shape, which were left out because the options allow it.
    pub mismatched: Vec<Mismatched>,
    /// Keys that were renamed as the options say: old and new.
    pub renamed: Vec<(String, String)>,
    /// Keys that were left out as the options say: those without the prefix that was selected.
    pub dropped: KeyList,
    /// Modules whose version in the state dict is not the model's, and what their migrations did.
    pub migrations: Vec<ModuleMigration>,
    /// The parts of the file's state dict beside tensors and versions, at which a load does not look.
    pub not_kept: NotKept,
    /// A prefix that explains many of the missing and unexpected keys at once.
    pub guess: Option<PrefixGuess>,
}

/// A tensor that was converted while it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Converted {
    /// The key.
    pub key: String,
    /// The element type in the state dict.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::json::dtype"))]
    pub from: DType,
    /// The element type in the model.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::json::dtype"))]
    pub to: DType,
}

/// A tensor whose shape is not the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Mismatched {
    /// The key.
    pub key: String,
    /// The model's shape.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::json::shape"))]
    pub expected: Shape,
    /// The state dict's shape.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::json::shape"))]
    pub found: Shape,
}

impl LoadReport {
    /// The missing and unexpected keys, as `load_state_dict` of PyTorch returns and prints them.
    pub fn incompatible_keys(&self) -> IncompatibleKeys {
        IncompatibleKeys {
            missing_keys: self.missing.iter().map(str::to_owned).collect(),
            unexpected_keys: self.unexpected.iter().map(str::to_owned).collect(),
        }
    }
}

/// A module that was saved with another version than the model has, and what was done about it.
/// Keys are whole keys of the state dict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
    pub removed: KeyList,
    /// Tensors that were made.
    pub inserted: KeyList,
    /// Tensors that were replaced by what was computed from them.
    pub changed: KeyList,
}

impl ModuleMigration {
    pub(crate) fn new(path: &str, module: &'static str, found: Option<u64>, current: u64) -> Self {
        ModuleMigration {
            path: path.to_owned(),
            module,
            found,
            current,
            renamed: Vec::new(),
            removed: KeyList::default(),
            inserted: KeyList::default(),
            changed: KeyList::default(),
        }
    }

    /// Returns `true` if anything was done.
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
            for key in keys.iter() {
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
        match self.other_names.len() {
            0 => {}
            1 => f.write_str(" and 1 more name of these")?,
            count => write!(f, " and {count} more names of these")?,
        }
        match self.extra_states.len() {
            0 => {}
            1 => f.write_str(" and 1 extra state")?,
            count => write!(f, " and {count} extra states")?,
        }
        if let Some(guess) = &self.guess {
            line(f, format_args!("hint        {guess}"))?;
        }
        for migration in &self.migrations {
            write!(f, "\n  {migration}")?;
        }
        for Converted { key, from, to } in &self.converted {
            line(f, format_args!("converted   {key}: {from} -> {to}"))?;
        }
        for (key, name) in &self.satisfied_by_alias {
            line(f, format_args!("tied        {key} is {name}"))?;
        }
        for (from, to) in &self.renamed {
            line(f, format_args!("renamed     {from} -> {to}"))?;
        }
        for Mismatched { key, expected, found } in &self.mismatched {
            line(f, format_args!("shape       {key}: the model has {expected}, the file {found}"))?;
        }
        if !self.not_kept.is_empty() {
            line(f, format_args!("not loaded  {}", self.not_kept))?;
        }
        let unsaved: HashSet<&str> = self.non_persistent.iter().collect();
        for (label, keys) in [
            ("dropped", &self.dropped),
            ("kept", defaulted),
            ("missing", missing),
            ("unexpected", unexpected),
        ] {
            for key in keys
                .iter()
                .filter(|key| !self.guess.as_ref().is_some_and(|guess| guess.covers(key)))
            {
                let note = match label == "unexpected" && unsaved.contains(key) {
                    true => ": a non-persistent buffer of the model",
                    false => "",
                };
                line(f, format_args!("{label:<11} {key}{note}"))?;
            }
        }
        Ok(())
    }
}
