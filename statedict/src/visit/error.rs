//! What can be wrong with the names of a model.

use std::fmt;

use crate::key::InvalidName;

/// What is wrong with the names of a model, found when it is walked.
///
/// The derive refuses most of these at compile time; what is left comes from hand-written
/// implementations, from the keys of maps, and from aliases that reach into a child.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelError {
    /// A name that cannot be a segment of a key.
    Name {
        /// The module's path.
        module: String,
        /// The name.
        name: String,
        /// What is wrong with it.
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
    /// whose `visit` and `visit_mut` do not agree.
    Unsteady {
        /// The first key that differs.
        key: String,
    },
    /// An alias that stands, in the end, for itself.
    AliasCycle {
        /// The alias's path.
        name: String,
    },
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
                write!(f, "`visit` and `visit_mut` do not report the same leaves: see `{key}`")
            }
            ModelError::AliasCycle { name } => write!(f, "`{name}` is an alias of itself"),
        }
    }
}

impl std::error::Error for ModelError {}
