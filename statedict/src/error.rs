//! The error of whole operations: each stage has its own.

use std::fmt;
use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::codec::ReadError;
use crate::codec::write::WriteError;
use crate::collect::CollectError;
use crate::load::LoadError;
use crate::plain_debug::debug_is_display;

/// Why a file was not loaded into a model, or a model not saved to a file.
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<ReadError>,
    },
    /// The file cannot be written.
    Write(WriteError),
    /// The model has no state dict.
    Collect(CollectError),
    /// A checkpoint does not give or take a value.
    Checkpoint {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// The cause.
        source: Box<CheckpointError>,
    },
    /// There is no file at a location. The cause is the error of what follows locations: `hub`'s `HubError`.
    Location(Box<dyn std::error::Error + Send + Sync>),
    /// The state dict of a file does not fit the model.
    Load {
        /// The file.
        path: PathBuf,
        /// Everything that does not fit.
        source: LoadError,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // This one names the file itself.
            Error::Read { source, .. } if matches!(**source, ReadError::Io { .. }) => source.fmt(f),
            Error::Read { path, source } => write!(f, "{}: {source}", path.display()),
            Error::Write(source) => source.fmt(f),
            Error::Collect(source) => source.fmt(f),
            Error::Checkpoint { path: Some(path), source } => {
                write!(f, "{}: {source}", path.display())
            }
            Error::Checkpoint { path: None, source } => source.fmt(f),
            Error::Location(source) => source.fmt(f),
            Error::Load { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

debug_is_display!(Error);

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Read { source, .. } => source.source(),
            Error::Write(source) => source.source(),
            Error::Collect(source) => source.source(),
            Error::Checkpoint { source, .. } => source.source(),
            Error::Location(source) => source.source(),
            Error::Load { source, .. } => source.source(),
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        Error::Write(error)
    }
}

impl From<CollectError> for Error {
    fn from(error: CollectError) -> Self {
        Error::Collect(error)
    }
}

impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Self {
        Error::Checkpoint { path: None, source: Box::new(error) }
    }
}
