//! Why a migration step failed.

use std::fmt;

use crate::mapping::KeyMapError;
use crate::plain_debug::debug_is_display;
use crate::tensor::{StorageError, ViewError};

/// Why a step of a migration failed. The model is untouched, as is the state dict.
#[non_exhaustive]
pub enum MigrateError {
    /// The module has no such key.
    NoSuchKey {
        /// The key, from the module on.
        key: String,
        /// A key that is there and looks alike.
        nearest: Option<String>,
    },
    /// The module already has a tensor under the new key.
    Collision {
        /// The key, from the module on.
        key: String,
    },
    /// The keys cannot be renamed in this way.
    Rename(KeyMapError),
    /// The tensor cannot be changed in this way.
    View {
        /// The key, from the module on.
        key: String,
        /// The cause.
        source: ViewError,
    },
    /// The error of the step itself.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl MigrateError {
    /// An error with a text of the step's own.
    ///
    /// ```
    /// use statedict::MigrateError;
    ///
    /// let error = MigrateError::message("the vocabulary has changed");
    /// assert_eq!(error.to_string(), "the vocabulary has changed");
    /// ```
    pub fn message(text: impl Into<String>) -> Self {
        MigrateError::Other(text.into().into())
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrateError::NoSuchKey { key, nearest } => {
                write!(f, "there is no `{key}`")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            MigrateError::Collision { key } => write!(f, "there already is a `{key}`"),
            MigrateError::Rename(error) => error.fmt(f),
            MigrateError::View { key, source } => write!(f, "`{key}`: {source}"),
            MigrateError::Other(error) => error.fmt(f),
        }
    }
}

debug_is_display!(MigrateError);

impl std::error::Error for MigrateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            MigrateError::View { source, .. } => source.source(),
            MigrateError::Other(error) => error.source(),
            MigrateError::NoSuchKey { .. }
            | MigrateError::Collision { .. }
            | MigrateError::Rename(_) => None,
        }
    }
}

impl From<KeyMapError> for MigrateError {
    fn from(error: KeyMapError) -> Self {
        match error {
            KeyMapError::NoSuchKey { key, nearest } => MigrateError::NoSuchKey { key, nearest },
            error => MigrateError::Rename(error),
        }
    }
}

impl From<ViewError> for MigrateError {
    fn from(error: ViewError) -> Self {
        MigrateError::Other(error.into())
    }
}

impl From<StorageError> for MigrateError {
    fn from(error: StorageError) -> Self {
        MigrateError::Other(error.into())
    }
}
