//! What can be wrong with the names of a model.

use std::fmt;

use crate::key::InvalidName;
use crate::plain_debug::debug_is_display;

/// A fault in the names of a model, found when it is walked.
///
/// The derive refuses most of these at compile time; what is left comes from hand-written
/// implementations, from the keys of maps, and from aliases that reach into a child.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum ModelError {
    /// A name that cannot be a segment of a key.
    Name {
        /// The module's path.
        module: String,
        /// The name.
        name: String,
        /// The fault in it.
        reason: InvalidName,
    },
    /// Two leaves of the model have the same key.
    Duplicate {
        /// The key.
        key: String,
    },
    /// An alias of something that is not there.
    AliasTarget {
        /// The alias's path.
        name: String,
        /// The path it points to.
        target: String,
        /// A path that is there and looks alike.
        nearest: Option<String>,
    },
    /// The model reported other leaves for writing than for reading: a hand-written implementation
    /// whose `visit_fields` and `visit_fields_mut` do not agree.
    Unsteady {
        /// The first key that differs.
        key: String,
    },
    /// A leaf without a dtype: PyTorch has no type of its elements.
    NoDType {
        /// The leaf's key.
        key: String,
        /// Why.
        reason: String,
    },
    /// An alias that stands, in the end, for itself.
    AliasCycle {
        /// The alias's path.
        name: String,
    },
    /// A leaf that was declared to share its storage with another does not.
    NotShared {
        /// The leaf's key.
        key: String,
        /// The key it should share with; `None` where any earlier one would do.
        target: Option<String>,
    },
    /// A module that cannot be read or written at this moment.
    Unavailable {
        /// The module's path; empty for the root.
        module: String,
        /// Why.
        reason: Unavailable,
    },
    /// A module that contains itself, through a shared handle.
    Cycle {
        /// The path at which it appears within itself.
        module: String,
    },
    /// A module with versions of its own that adds no segment: its version has no place in the state dict.
    FlattenedVersion {
        /// The path of the module that it is flattened into; empty for the root.
        module: String,
        /// The Rust type of the flattened module.
        flattened: &'static str,
    },
}

/// Why the content of a handle cannot be reached.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// A `RefCell` is borrowed elsewhere.
    Borrowed,
    /// A lock is held elsewhere; nothing waits for it.
    Locked,
    /// A thread panicked while it held the lock.
    Poisoned,
    /// A handle without a lock, as an `Arc`, is not the only one, so nothing can be written through it.
    Shared,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unavailable::Borrowed => "its `RefCell` is borrowed elsewhere",
            Unavailable::Locked => "its lock is held elsewhere",
            Unavailable::Poisoned => "its lock is poisoned: a thread panicked while it held it",
            Unavailable::Shared => {
                "it is shared, and cannot be written to: put a `RefCell`, `Mutex` or `RwLock` inside the `Rc` or `Arc`"
            }
        })
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelError::Name { module, name, reason } if module.is_empty() => {
                write!(f, "the model has a field named {name:?}: {reason}")
            }
            ModelError::Name { module, name, reason } => {
                write!(f, "module `{module}` has a field named {name:?}: {reason}")
            }
            ModelError::Duplicate { key } => {
                write!(f, "the model has two leaves with the key `{key}`")
            }
            ModelError::AliasTarget { name, target, nearest } => {
                write!(f, "`{name}` is an alias of `{target}`, which the model does not have")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            ModelError::Unsteady { key } => {
                write!(
                    f,
                    "`visit_fields` and `visit_fields_mut` do not report the same leaves: see `{key}`"
                )
            }
            ModelError::NoDType { key, reason } => write!(f, "`{key}` has no dtype: {reason}"),
            ModelError::AliasCycle { name } => write!(f, "`{name}` is an alias of itself"),
            ModelError::NotShared { key, target: Some(target) } => {
                write!(f, "`{key}` is declared to be `{target}`, and does not share its storage")
            }
            ModelError::NotShared { key, target: None } => {
                write!(
                    f,
                    "`{key}` is declared to be an earlier tensor, and shares no storage with any"
                )
            }
            ModelError::Unavailable { module, reason } if module.is_empty() => {
                write!(f, "the model cannot be reached: {reason}")
            }
            ModelError::Unavailable { module, reason } => {
                write!(f, "module `{module}` cannot be reached: {reason}")
            }
            ModelError::Cycle { module } => write!(f, "module `{module}` contains itself"),
            ModelError::FlattenedVersion { module, flattened } => {
                let at = if module.is_empty() { "the model" } else { module };
                write!(
                    f,
                    "`{flattened}` is flattened into {at} and has a version of its own, which would have no place; "
                )?;
                f.write_str(
                    "declare the version and its changes on the struct that it is flattened into",
                )
            }
        }
    }
}

debug_is_display!(ModelError, ModelErrors);

impl std::error::Error for ModelError {}

/// Everything that is wrong with a model's names, or kept its modules from being reached: at least one problem.
///
/// ```
/// use statedict::prelude::*;
///
/// #[derive(StateDict)]
/// struct Dropout {
///     #[training]
///     training: bool,
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut dropout = Dropout { training: true };
///     dropout.eval()?;
///     assert!(!dropout.training);
///     Ok(())
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ModelErrors(pub Vec<ModelError>);

impl std::ops::Deref for ModelErrors {
    type Target = [ModelError];

    fn deref(&self) -> &[ModelError] {
        &self.0
    }
}

impl fmt::Display for ModelErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.iter();
        if let Some(first) = problems.next() {
            write!(f, "{first}")?;
        }
        problems.try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl std::error::Error for ModelErrors {}
