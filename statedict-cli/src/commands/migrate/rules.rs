//! A migration as data: the steps of a rules file.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use statedict::{DType, MigrateError, Migration};

use super::fill::{Number, filled};

/// A rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// The steps, in the order they run.
    #[serde(default, rename = "step")]
    steps: Vec<Step>,
    /// Versions to record for modules: path to version, `""` for the root.
    #[serde(default)]
    pub(super) versions: BTreeMap<String, u64>,
}

/// Something that was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    #[serde(rename = "step")]
    pub(super) what: &'static str,
    pub(super) about: String,
}

/// One step: exactly one of these tables.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Rename { from: String, to: String },
    RenameRegex { from: Pattern, to: String },
    Remove { name: String },
    RemoveRegex { name: Pattern },
    Split { key: String, dim: usize, into: Vec<Piece> },
    Cat { keys: Vec<String>, dim: usize, into: String },
    Transpose { key: String, dims: [usize; 2] },
    Narrow { key: String, dim: usize, start: usize, end: usize },
    Reshape { key: String, shape: Vec<usize> },
    Widen { key: String, dtype: String },
    Cast { key: String, dtype: String },
    CastRegex { key: Pattern, dtype: String },
    Fill { key: String, value: Number, dtype: String, shape: Vec<usize> },
}

/// A piece of a tensor that is split.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    name: String,
    size: usize,
}

/// A regular expression, compiled when the file is read.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(pattern: String) -> Result<Self, Self::Error> {
        Regex::new(&pattern).map(Pattern)
    }
}

impl Pattern {
    /// The keys that match, which must be some.
    fn keys_of(&self, migration: &Migration<'_>) -> Result<Vec<String>, MigrateError> {
        let Pattern(pattern) = self;
        let keys: Vec<String> =
            migration.keys().filter(|key| pattern.is_match(key)).map(str::to_owned).collect();
        if keys.is_empty() {
            return Err(MigrateError::message(format!("no key matches `{pattern}`")));
        }
        Ok(keys)
    }
}

/// Why the rules cannot be carried out.
#[derive(Debug)]
pub(super) struct RuleError {
    /// The step, counted from 1.
    step: usize,
    what: String,
    source: Box<MigrateError>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} ({}): {}", self.step, self.what, self.source)
    }
}

impl std::error::Error for RuleError {}

impl Rules {
    /// Runs the steps, and returns a line for each thing done.
    pub(super) fn run(&self, migration: &mut Migration<'_>) -> Result<Vec<Done>, RuleError> {
        let mut done = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            step.run(migration, &mut done).map_err(|source| RuleError {
                step: index + 1,
                what: step.name().to_owned(),
                source: Box::new(source),
            })?;
        }
        Ok(done)
    }
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Step::Rename { .. } => "rename",
            Step::RenameRegex { .. } => "rename_regex",
            Step::Remove { .. } => "remove",
            Step::RemoveRegex { .. } => "remove_regex",
            Step::Split { .. } => "split",
            Step::Cat { .. } => "cat",
            Step::Transpose { .. } => "transpose",
            Step::Narrow { .. } => "narrow",
            Step::Reshape { .. } => "reshape",
            Step::Widen { .. } => "widen",
            Step::Cast { .. } => "cast",
            Step::CastRegex { .. } => "cast_regex",
            Step::Fill { .. } => "fill",
        }
    }

    fn run(&self, migration: &mut Migration<'_>, done: &mut Vec<Done>) -> Result<(), MigrateError> {
        let mut tell = |what, about: String| done.push(Done { what, about });
        match self {
            Step::Rename { from, to } => {
                migration.rename(from, to)?;
                tell("rename", format!("{from} -> {to}"));
            }
            Step::RenameRegex { from: Pattern(from), to } => {
                let renamed: Vec<(String, String)> = migration
                    .keys()
                    .filter(|key| from.is_match(key))
                    .map(|key| (key.to_owned(), from.replace(key, to.as_str()).into_owned()))
                    .filter(|(key, new)| key != new)
                    .collect();
                if renamed.is_empty() {
                    return Err(MigrateError::message(format!("no key matches `{from}`")));
                }
                // All at once, so that names may be exchanged.
                migration.rename_all(&renamed)?;
                renamed.iter().for_each(|(key, new)| tell("rename", format!("{key} -> {new}")));
            }
            Step::Remove { name } => {
                migration.remove(name)?;
                tell("remove", name.clone());
            }
            Step::RemoveRegex { name } => {
                for key in name.keys_of(migration)? {
                    migration.remove(&key)?;
                    tell("remove", key);
                }
            }
            Step::Split { key, dim, into } => {
                let pieces: Vec<(&str, usize)> =
                    into.iter().map(|piece| (piece.name.as_str(), piece.size)).collect();
                migration.split(key, *dim, &pieces)?;
                let names: Vec<&str> = pieces.iter().map(|&(name, _)| name).collect();
                tell("split", format!("{key} -> {}", names.join(", ")));
            }
            Step::Cat { keys, dim, into } => {
                let names: Vec<&str> = keys.iter().map(String::as_str).collect();
                migration.cat(&names, *dim, into)?;
                tell("cat", format!("{} -> {into}", names.join(", ")));
            }
            Step::Transpose { key, dims: [first, second] } => {
                migration.change(key, |tensor| tensor.transpose(*first, *second))?;
                tell("transpose", key.clone());
            }
            Step::Narrow { key, dim, start, end } => {
                migration.change(key, |tensor| tensor.narrow(*dim, *start..*end))?;
                tell("narrow", key.clone());
            }
            Step::Reshape { key, shape } => {
                migration.change(key, |tensor| tensor.reshape(shape.as_slice()))?;
                tell("reshape", format!("{key} to {shape:?}"));
            }
            Step::Widen { key, dtype } => {
                let dtype = dtype_named(dtype)?;
                migration.change(key, |tensor| tensor.widen(dtype))?;
                tell("widen", format!("{key} to {dtype}"));
            }
            Step::Cast { key, dtype } => {
                let dtype = dtype_named(dtype)?;
                migration.change(key, |tensor| tensor.cast(dtype))?;
                tell("cast", format!("{key} to {dtype}"));
            }
            Step::CastRegex { key, dtype } => {
                let dtype = dtype_named(dtype)?;
                for key in key.keys_of(migration)? {
                    migration.change(&key, |tensor| tensor.cast(dtype))?;
                    tell("cast", format!("{key} to {dtype}"));
                }
            }
            Step::Fill { key, value, dtype, shape } => {
                migration.insert(key.as_str(), filled(value, dtype_named(dtype)?, shape)?)?;
                tell("fill", format!("{key} with {value}"));
            }
        }
        Ok(())
    }
}

fn dtype_named(name: &str) -> Result<DType, MigrateError> {
    DType::from_name(name).ok_or_else(|| {
        MigrateError::message(format!(
            "there is no element type `{name}`; write `float32`, `int64` …"
        ))
    })
}
