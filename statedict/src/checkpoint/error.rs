//! Why a checkpoint does not give or take a value.

use std::fmt::{self, Write as _};

use crate::checkpoint::find_error::FindError;
use crate::checkpoint::optimizer::OptimizerError;
use crate::codec::ReadError;
use crate::codec::write::WriteError;
use crate::collect::CollectError;
use crate::contents::ValuePath;
use crate::escape::OneLine;
use crate::plain_debug::debug_is_display;

/// Why a checkpoint does not give or take a value.
#[non_exhaustive]
pub enum CheckpointError {
    /// There is nothing at a path.
    Absent {
        /// The path, up to the first segment that leads nowhere.
        path: ValuePath,
        /// A description of the value where that segment should lead on from.
        within: String,
        /// The name among those there that is nearest to the one asked for.
        nearest: Option<String>,
    },
    /// The value at a path is of another kind.
    Unfit {
        /// The path.
        path: ValuePath,
        /// The value that should be there.
        expected: &'static str,
        /// The value that is there.
        found: String,
        /// Advice; may be empty.
        advice: String,
    },
    /// A tensor of a state dict cannot be represented.
    Refused {
        /// The path of the state dict.
        path: ValuePath,
        /// The tensor's key.
        key: String,
        /// A description of it.
        reason: String,
    },
    /// The value that is asked for as a state dict is not one.
    NotStateDict(ReadError),
    /// Which state dict is meant cannot be told.
    Find(FindError),
    /// A model has no state dict.
    Collect(CollectError),
    /// A value cannot be held by PyTorch's format.
    Write(WriteError),
    /// The value at a path is not an optimizer's state.
    Optimizer {
        /// The path.
        path: ValuePath,
        /// Why not.
        source: OptimizerError,
    },
    /// A value does not fit the Rust type asked for.
    Decode {
        /// The path of what does not fit.
        path: ValuePath,
        /// Why not.
        reason: String,
    },
    /// A Rust value cannot be a value of a checkpoint.
    Encode {
        /// The path of what cannot.
        path: ValuePath,
        /// Why not.
        reason: String,
    },
}

/// The name of a path in a message.
pub(super) struct Named<'p>(pub(super) &'p ValuePath);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_root() {
            true => f.write_str("the root of the checkpoint"),
            false => write!(f, "`{}`", self.0),
        }
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of several lines, each of which is kept to one by itself.
        if let CheckpointError::Optimizer { path, source } = self {
            write!(OneLine(f), "{}: ", Named(path))?;
            return source.fmt(f);
        }
        let mut f = OneLine(f);
        match self {
            CheckpointError::Optimizer { .. } => Ok(()),
            CheckpointError::Absent { path, within, nearest } => {
                write!(f, "there is no `{path}` in the checkpoint: {within}")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            CheckpointError::Unfit { path, expected, found, advice } => {
                write!(f, "{} should be {expected} and is {found}", Named(path))?;
                match advice.is_empty() {
                    true => Ok(()),
                    false => write!(f, "; {advice}"),
                }
            }
            CheckpointError::Refused { path, key, reason } => write!(
                f,
                "the tensor {key:?} of {} is {reason}; `Checkpoint::state_dict_partial` gives the others",
                Named(path)
            ),
            CheckpointError::NotStateDict(source) => write!(f, "{source}"),
            CheckpointError::Find(source) => write!(f, "{source}"),
            CheckpointError::Collect(source) => write!(f, "{source}"),
            CheckpointError::Write(source) => write!(f, "{source}"),
            CheckpointError::Decode { path, reason } => write!(f, "{}: {reason}", Named(path)),
            CheckpointError::Encode { path, reason } => {
                write!(f, "{} cannot be in a checkpoint: {reason}", Named(path))
            }
        }
    }
}

debug_is_display!(CheckpointError);

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CheckpointError::NotStateDict(source) => source.source(),
            CheckpointError::Collect(source) => source.source(),
            CheckpointError::Write(source) => source.source(),
            CheckpointError::Optimizer { source, .. } => source.source(),
            _ => None,
        }
    }
}

impl From<FindError> for CheckpointError {
    fn from(error: FindError) -> Self {
        CheckpointError::Find(error)
    }
}

impl From<ReadError> for CheckpointError {
    fn from(error: ReadError) -> Self {
        CheckpointError::NotStateDict(error)
    }
}

impl From<CollectError> for CheckpointError {
    fn from(error: CollectError) -> Self {
        CheckpointError::Collect(error)
    }
}

impl From<WriteError> for CheckpointError {
    fn from(error: WriteError) -> Self {
        CheckpointError::Write(error)
    }
}
