//! What a load did.

use std::fmt;

use crate::dtype::DType;

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
    pub loaded: Vec<String>,
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
    /// Modules whose version in the state dict is not the model's.
    pub versions: Vec<VersionDifference>,
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

/// A module that was saved with another version than the model has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionDifference {
    /// The module's path; empty for the root.
    pub path: String,
    /// The module's class.
    pub module: &'static str,
    /// The version in the state dict; `None` where it says none.
    pub found: Option<u64>,
    /// The model's version.
    pub current: u64,
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadReport { model, loaded, missing, unexpected, defaulted, .. } = self;
        write!(f, "{model}: loaded {} tensors", loaded.len())?;
        for VersionDifference { path, module, found, current } in &self.versions {
            let at = if path.is_empty() { "the model".to_owned() } else { format!("`{path}`") };
            match found {
                Some(found) => write!(f, "\n  version     {at} ({module}): {found} -> {current}")?,
                None => write!(f, "\n  version     {at} ({module}): none -> {current}")?,
            }
        }
        for Converted { key, from, to } in &self.converted {
            write!(f, "\n  converted   {key}: {from} -> {to}")?;
        }
        for (key, name) in &self.satisfied_by_alias {
            write!(f, "\n  tied        {key} is {name}")?;
        }
        for (label, keys) in [("kept", defaulted), ("missing", missing), ("unexpected", unexpected)]
        {
            for key in keys {
                write!(f, "\n  {label:<11} {key}")?;
            }
        }
        Ok(())
    }
}
