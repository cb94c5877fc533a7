//! Why a load did nothing: every problem at once.

use std::fmt;

use crate::dtype::DType;
use crate::migration::MigrateError;
use crate::tensor::{Shape, StorageError};
use crate::traits::TensorError;
use crate::visit::{Kind, ModelError};

/// Why a state dict was not loaded: every problem there is, not just the first.
/// Nothing was written to the model, unless a problem is [`LoadProblem::Write`].
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    /// The model's class.
    pub model: &'static str,
    /// What is wrong: the model, its versions, then missing keys in the model's order, unexpected keys
    /// in the state dict's, and tensors that do not fit.
    pub problems: Vec<LoadProblem>,
}

impl LoadError {
    /// The keys that the model has and the state dict has not.
    pub fn missing_keys(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(|problem| match problem {
            LoadProblem::Missing { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// The keys that the state dict has and the model has not.
    pub fn unexpected_keys(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(|problem| match problem {
            LoadProblem::Unexpected { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// Whether the model still is what it was before the load.
    pub fn nothing_was_written(&self) -> bool {
        !self.problems.iter().any(|problem| matches!(problem, LoadProblem::Write { .. }))
    }
}

/// One reason why a state dict was not loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadProblem {
    /// The names of the model's own fields.
    Model(ModelError),
    /// The state dict has no such key.
    Missing {
        /// The key.
        key: String,
        /// Whether it is a parameter or a buffer.
        kind: Kind,
        /// The model's element type.
        dtype: DType,
        /// The model's shape.
        shape: Shape,
        /// The Rust type of the module it belongs to.
        module: &'static str,
        /// An unexpected key that looks alike.
        nearest: Option<String>,
    },
    /// The model has no such key.
    Unexpected {
        /// The key.
        key: String,
        /// The state dict's element type.
        dtype: DType,
        /// The state dict's shape.
        shape: Shape,
        /// A missing key that looks alike.
        nearest: Option<String>,
    },
    /// The shapes differ.
    Shape {
        /// The key.
        key: String,
        /// The model's shape.
        expected: Shape,
        /// The state dict's shape.
        found: Shape,
    },
    /// The element types differ, and the policy does not allow to convert.
    DType {
        /// The key.
        key: String,
        /// The model's element type.
        expected: DType,
        /// The state dict's element type.
        found: DType,
    },
    /// One tensor of the model has several names, and the state dict different tensors under them.
    Alias {
        /// The first name.
        key: String,
        /// The other name.
        other: String,
    },
    /// A module was saved by a newer version of itself.
    NewerVersion {
        /// The module's path; empty for the root.
        path: String,
        /// The Rust type of the module.
        module: &'static str,
        /// The version in the state dict.
        found: u64,
        /// The model's version.
        current: u64,
    },
    /// A step of a module's migration failed.
    Migration {
        /// The module's path; empty for the root.
        path: String,
        /// The Rust type of the module.
        module: &'static str,
        /// The version the step leads to.
        to: u64,
        /// The cause.
        source: MigrateError,
    },
    /// A module's `pre_load` hook failed.
    PreLoad {
        /// The module's path; empty for the root.
        path: String,
        /// The Rust type of the module.
        module: &'static str,
        /// The cause.
        source: MigrateError,
    },
    /// The bytes of a tensor cannot be read, or are damaged.
    Storage {
        /// The key.
        key: String,
        /// The cause.
        source: StorageError,
    },
    /// Writing a tensor failed after everything had been checked. Of all problems, this is the only
    /// one that leaves a partly written model.
    Write {
        /// The key.
        key: String,
        /// The cause.
        source: TensorError,
        /// How many tensors had been written before.
        written: usize,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {problems} loading the state dict of `{}`; ", self.model)?;
        f.write_str(if self.nothing_was_written() {
            "nothing was written"
        } else {
            "the model is partly written"
        })?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl fmt::Display for LoadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadProblem::Model(error) => write!(f, "model       {error}"),
            LoadProblem::Missing { key, kind, dtype, shape, module, nearest } => {
                write!(f, "missing     {key}: the {kind} of `{module}` is {dtype} {shape}")?;
                match nearest {
                    Some(nearest) => write!(f, "; did the model mean the file's `{nearest}`?"),
                    None => Ok(()),
                }
            }
            LoadProblem::Unexpected { key, dtype, shape, nearest } => {
                write!(f, "unexpected  {key}: {dtype} {shape}, which the model does not have")?;
                match nearest {
                    Some(nearest) => write!(f, "; the model misses `{nearest}`"),
                    None => Ok(()),
                }
            }
            LoadProblem::Shape { key, expected, found } => {
                write!(f, "shape       {key}: the model has {expected}, the file {found}")
            }
            LoadProblem::DType { key, expected, found } => {
                write!(f, "dtype       {key}: the model has {expected}, the file {found}")
            }
            LoadProblem::Alias { key, other } => write!(
                f,
                "alias       {key} and {other} are one tensor of the model, and differ in the file"
            ),
            LoadProblem::NewerVersion { path, module, found, current } => {
                let at = if path.is_empty() { "the model" } else { path };
                write!(
                    f,
                    "version     {at}: saved by version {found} of `{module}`, this is version {current}"
                )
            }
            LoadProblem::Migration { path, module, to, source } => {
                let at = if path.is_empty() { "the model" } else { path };
                write!(f, "migration   {at}: the step of `{module}` to version {to}: {source}")
            }
            LoadProblem::PreLoad { path, module, source } => {
                let at = if path.is_empty() { "the model" } else { path };
                write!(f, "hook        {at}: `pre_load` of `{module}`: {source}")
            }
            LoadProblem::Storage { key, source } => write!(f, "damaged     {key}: {source}"),
            LoadProblem::Write { key, source, written } => {
                write!(f, "write       {key}: {source} ({written} tensors were written before)")
            }
        }
    }
}

impl std::error::Error for LoadError {
    /// The cause of the first problem that has one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problems.iter().find_map(|problem| match problem {
            LoadProblem::Model(error) => Some(error as _),
            LoadProblem::Migration { source, .. } | LoadProblem::PreLoad { source, .. } => {
                Some(source as _)
            }
            LoadProblem::Storage { source, .. } => Some(source as _),
            LoadProblem::Write { source, .. } => Some(source as _),
            _ => None,
        })
    }
}
