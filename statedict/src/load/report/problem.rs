//! One reason why a state dict was not loaded.

use std::error::Error;
use std::fmt;

use crate::dtype::DType;
use crate::extra_state::ExtraStateError;
use crate::key;
use crate::leaf::TensorError;
use crate::mapping::{KeyMapError, LocationError};
use crate::migration::MigrateError;
use crate::tensor::{Shape, StorageError};
use crate::visit::{Kind, ModelError};

/// One reason why a state dict was not loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadProblem {
    /// The names of the model's own fields.
    Model(ModelError),
    /// The keys could not be renamed as the options say.
    KeyMap(KeyMapError),
    /// The tensors could not be given other locations.
    Location(LocationError),
    /// The state dict has no such key.
    Missing {
        /// The key.
        key: String,
        /// Its kind: a parameter or a buffer.
        kind: Kind,
        /// The model's dtype and shape; `None` where there is only its schema.
        form: Option<(DType, Shape)>,
        /// The Rust type of the module it belongs to; empty where it is not known.
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
        /// `true` if the model has it as a buffer that is not persistent, which PyTorch does not save.
        non_persistent: bool,
        /// A missing key that looks alike.
        nearest: Option<String>,
    },
    /// The state dict has no such extra state.
    MissingValue {
        /// The key.
        key: String,
        /// The Rust type of the module it belongs to.
        module: &'static str,
    },
    /// The state dict has a value that is no tensor, and no module of the model takes it.
    UnexpectedValue {
        /// The key.
        key: String,
        /// The value's type in Python.
        type_name: String,
    },
    /// A hook added a key to the missing ones.
    MissingByHook {
        /// The key.
        key: String,
    },
    /// A hook added a key to the unexpected ones.
    UnexpectedByHook {
        /// The key.
        key: String,
    },
    /// A hook reported a problem, or did what it must not.
    Hook {
        /// The path of the hook's module.
        path: String,
        /// Its message.
        message: String,
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
        /// The model's shape.
        shape: Shape,
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
    /// A module does not take its extra state.
    ExtraState {
        /// The key.
        key: String,
        /// The module's error.
        source: ExtraStateError,
        /// How many extra states had been set before, and stayed so.
        written: usize,
    },
    /// The bytes of a tensor cannot be read, or are damaged.
    Storage {
        /// The key.
        key: String,
        /// The cause.
        source: StorageError,
    },
    /// The model's tensor cannot be written: its library says so before anything is.
    Refused {
        /// The key.
        key: String,
        /// The library's error.
        source: TensorError,
    },
    /// Writing a tensor failed after everything had been checked, and the model is partly written.
    Write {
        /// The key.
        key: String,
        /// The cause.
        source: TensorError,
        /// The number of tensors and extra states of the model that are not what they were before the load, apart from
        /// those at which writing failed.
        written: usize,
    },
    /// Writing a tensor failed after everything had been checked, and what had been written before is
    /// again as it was.
    RolledBack {
        /// The key; empty where it was not a single tensor that failed.
        key: String,
        /// The cause.
        source: TensorError,
        /// The number of tensors and extra states that had been written before.
        undone: usize,
    },
}

impl LoadProblem {
    pub(crate) fn missing_key(&self) -> Option<&str> {
        self.place().filter(|_| self.label() == "missing")
    }

    pub(crate) fn unexpected_key(&self) -> Option<&str> {
        self.place().filter(|_| self.label() == "unexpected")
    }

    /// The key, or the path of the module, that the problem is at.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            LoadProblem::Missing { key, .. }
            | LoadProblem::MissingValue { key, .. }
            | LoadProblem::MissingByHook { key }
            | LoadProblem::Unexpected { key, .. }
            | LoadProblem::UnexpectedValue { key, .. }
            | LoadProblem::UnexpectedByHook { key }
            | LoadProblem::Shape { key, .. }
            | LoadProblem::DType { key, .. }
            | LoadProblem::Alias { key, .. }
            | LoadProblem::Storage { key, .. }
            | LoadProblem::Refused { key, .. }
            | LoadProblem::Write { key, .. }
            | LoadProblem::ExtraState { key, .. }
            | LoadProblem::RolledBack { key, .. } => Some(key),
            LoadProblem::Hook { path, .. }
            | LoadProblem::NewerVersion { path, .. }
            | LoadProblem::Migration { path, .. }
            | LoadProblem::PreLoad { path, .. } => Some(path),
            LoadProblem::Model(_) | LoadProblem::KeyMap(_) | LoadProblem::Location(_) => None,
        }
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadProblem::Model(error) => Some(error),
            LoadProblem::KeyMap(error) => Some(error),
            LoadProblem::Location(error) => Some(error),
            LoadProblem::Migration { source, .. } | LoadProblem::PreLoad { source, .. } => {
                Some(source)
            }
            LoadProblem::ExtraState { source, .. } => Some(&**source),
            LoadProblem::Storage { source, .. } => Some(source),
            LoadProblem::Refused { source, .. }
            | LoadProblem::Write { source, .. }
            | LoadProblem::RolledBack { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Returns the kind of the problem in one word: as `Display` and JSON have it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            LoadProblem::Model(_) => "model",
            LoadProblem::KeyMap(_) => "rename",
            LoadProblem::Location(_) => "location",
            LoadProblem::Missing { .. }
            | LoadProblem::MissingValue { .. }
            | LoadProblem::MissingByHook { .. } => "missing",
            LoadProblem::Unexpected { .. }
            | LoadProblem::UnexpectedValue { .. }
            | LoadProblem::UnexpectedByHook { .. } => "unexpected",
            LoadProblem::Hook { .. } => "hook",
            LoadProblem::Shape { .. } => "shape",
            LoadProblem::DType { .. } => "dtype",
            LoadProblem::Alias { .. } => "alias",
            LoadProblem::NewerVersion { .. } => "version",
            LoadProblem::Migration { .. } => "migration",
            LoadProblem::PreLoad { .. } => "hook",
            LoadProblem::ExtraState { .. } => "extra state",
            LoadProblem::Storage { .. } => "damaged",
            LoadProblem::Refused { .. }
            | LoadProblem::Write { .. }
            | LoadProblem::RolledBack { .. } => "write",
        }
    }

    /// The problem without its label.
    pub(crate) fn text(&self) -> String {
        let at =
            |path: &str| if path.is_empty() { "the model".to_owned() } else { path.to_owned() };
        match self {
            LoadProblem::Model(error) => error.to_string(),
            LoadProblem::KeyMap(error) => error.to_string(),
            LoadProblem::Location(error) => error.to_string(),
            LoadProblem::Missing { key, kind, form, module, nearest } => {
                let hint = nearest
                    .as_ref()
                    .map(|nearest| format!("; did the model mean the file's `{nearest}`?"));
                let hint = hint.unwrap_or_default();
                let (what, is) = match *module {
                    "" => (String::new(), ":"),
                    module => (format!(": the {kind} of `{module}`"), " is"),
                };
                let form = form.as_ref().map(|(dtype, shape)| format!("{is} {dtype} {shape}"));
                format!("{key}{what}{}{hint}", form.unwrap_or_default())
            }
            LoadProblem::Unexpected { key, dtype, shape, non_persistent: true, .. } => format!(
                "{key}: {dtype} {shape}, which the model has as a non-persistent buffer; PyTorch does not save these"
            ),
            LoadProblem::Unexpected { key, dtype, shape, nearest, .. } => {
                let hint = nearest.as_ref().map(|nearest| format!("; the model lacks `{nearest}`"));
                let hint = hint.unwrap_or_default();
                format!("{key}: {dtype} {shape}, which the model does not have{hint}")
            }
            LoadProblem::MissingValue { key, module: "" } => format!("{key}: extra state"),
            LoadProblem::MissingValue { key, module } => {
                format!("{key}: the extra state of `{module}`")
            }
            LoadProblem::UnexpectedValue { key, type_name } => match key::is_extra_state(key) {
                true => {
                    format!("{key}: extra state ({type_name}), which no module of the model takes")
                }
                false => format!("{key}: no tensor ({type_name}), and no field is of its kind"),
            },
            LoadProblem::MissingByHook { key } | LoadProblem::UnexpectedByHook { key } => {
                format!("{key}: a hook says so")
            }
            LoadProblem::Hook { path, message } => format!("{}: {message}", at(path)),
            LoadProblem::Shape { key, expected, found } => {
                format!("{key}: the model has {expected}, the file {found}")
            }
            LoadProblem::DType { key, expected, found, .. } => {
                format!("{key}: the model has {expected}, the file {found}")
            }
            LoadProblem::Alias { key, other } => {
                format!("{key} and {other} are one tensor of the model, and differ in the file")
            }
            LoadProblem::NewerVersion { path, module: "", found, current } => {
                format!("{}: saved by version {found}, this is version {current}", at(path))
            }
            LoadProblem::NewerVersion { path, module, found, current } => format!(
                "{}: saved by version {found} of `{module}`, this is version {current}",
                at(path)
            ),
            LoadProblem::PreLoad { path, module, source } => {
                format!("{}: `pre_load` of `{module}`: {source}", at(path))
            }
            LoadProblem::Migration { path, module, to, source } => {
                format!("{}: the step of `{module}` to version {to}: {source}", at(path))
            }
            LoadProblem::ExtraState { key, source, written: 0 } => format!("{key}: {source}"),
            LoadProblem::ExtraState { key, source, written } => {
                format!("{key}: {source} ({written} extra states were set before)")
            }
            LoadProblem::Storage { key, source } => format!("{key}: {source}"),
            LoadProblem::Refused { key, source } => format!("{key}: {source}"),
            LoadProblem::Write { key, source, written } => {
                format!("{}: {source} ({} written)", at(key), others(*written))
            }
            LoadProblem::RolledBack { key, source, undone: 0 } => format!("{}: {source}", at(key)),
            LoadProblem::RolledBack { key, source, undone } => {
                let undone = others(*undone);
                format!("{}: {source} ({undone} written before, and undone)", at(key))
            }
        }
    }
}

impl fmt::Display for LoadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {}", self.label(), self.text())
    }
}

/// So many of the model's tensors and extra states, as the subject of a sentence.
fn others(count: usize) -> String {
    match count {
        1 => "1 other was".to_owned(),
        count => format!("{count} others were"),
    }
}
