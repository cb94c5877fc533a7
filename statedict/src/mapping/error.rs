//! Why keys could not be renamed.

use std::fmt;

use crate::plain_debug::debug_is_display;

/// Why the keys of a state dict could not be renamed. Nothing was changed.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum KeyMapError {
    /// Two keys would become one; PyTorch and mmengine keep the last in silence.
    Collision {
        /// The key that comes first in the state dict.
        first: String,
        /// The other key.
        second: String,
        /// The key that both would become.
        to: String,
    },
    /// Two modules with different entries in `_metadata` would become one.
    ModuleCollision {
        /// The path of the one.
        first: String,
        /// The path of the other.
        second: String,
        /// The key that both would become.
        to: String,
    },
    /// A key is in both of two state dicts that were to become one.
    InBoth {
        /// The key.
        key: String,
    },
    /// A module has different versions in two state dicts that were to become one.
    OtherVersion {
        /// The module's path; empty for the root.
        path: String,
    },
    /// No key begins with the prefix that was to be selected.
    NothingSelected {
        /// The prefix.
        prefix: String,
    },
    /// A name that was to be renamed does not exist.
    NoSuchKey {
        /// The name.
        key: String,
        /// A key that looks alike.
        nearest: Option<String>,
    },
    /// One name was to be renamed to two at once.
    Ambiguous {
        /// The name.
        key: String,
        /// The one new name.
        first: String,
        /// The other new name.
        second: String,
    },
    /// The pattern is not a regular expression.
    Pattern {
        /// The pattern.
        pattern: String,
        /// The fault in it.
        reason: String,
    },
    /// The replacement is not one of Python's, or names a group that the pattern does not have.
    Replacement {
        /// The replacement.
        replacement: String,
        /// The fault in it.
        reason: String,
    },
}

impl fmt::Display for KeyMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyMapError::Collision { first, second, to } => {
                write!(f, "the keys `{first}` and `{second}` would both become `{to}`")
            }
            KeyMapError::ModuleCollision { first, second, to } => write!(
                f,
                "the modules `{first}` and `{second}` have different versions, and would both become `{to}`"
            ),
            KeyMapError::InBoth { key } => write!(f, "both state dicts have `{key}`"),
            KeyMapError::OtherVersion { path } if path.is_empty() => {
                f.write_str("the model has different versions in the two state dicts")
            }
            KeyMapError::OtherVersion { path } => {
                write!(f, "the module `{path}` has different versions in the two state dicts")
            }
            // mmengine's words.
            KeyMapError::NothingSelected { prefix } => {
                write!(f, "{prefix} is not in the pretrained model")
            }
            KeyMapError::NoSuchKey { key, nearest } => {
                write!(f, "there is no `{key}`")?;
                nearest.iter().try_for_each(|nearest| write!(f, "; did you mean `{nearest}`?"))
            }
            KeyMapError::Ambiguous { key, first, second } => {
                write!(f, "`{key}` cannot become both `{first}` and `{second}`")
            }
            KeyMapError::Replacement { replacement, reason } => {
                write!(f, "`{replacement}` cannot replace a match: {reason}")
            }
            KeyMapError::Pattern { pattern, reason } => {
                write!(f, "`{pattern}` is no pattern that can be used: {reason}")
            }
        }
    }
}

debug_is_display!(KeyMapError);

impl std::error::Error for KeyMapError {}
