//! Why a file cannot be read, or is not what was asked for.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io;

use crate::codec::pickle::PickleError;
use crate::escape::OneLine;
use crate::plain_debug::debug_is_display;
use crate::tensor::StorageError;

/// Why a file cannot be read, or does not hold what was asked of it.
///
/// Each says where (the member of the archive, or an offset), what was expected, what is there, and
/// what to do about it.
#[non_exhaustive]
pub enum ReadError {
    /// The operating system could not open or read the file.
    Io {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The file is of another kind.
    Foreign {
        /// A description of it.
        found: Cow<'static, str>,
        /// Advice.
        advice: Cow<'static, str>,
    },
    /// The file is of a format that this build cannot read.
    FeatureOff {
        /// The format.
        format: &'static str,
        /// The feature of this crate that reads it.
        feature: &'static str,
    },
    /// The file holds several archives, or one that does not start at its start.
    Misplaced {
        /// How many archives follow each other, the last one included.
        archives: usize,
        /// The start of the last of them.
        offset: u64,
    },
    /// A tensor has a dtype that PyTorch does not have.
    UnknownDType {
        /// The tensor's key.
        key: String,
        /// The dtype's name in the file.
        dtype: String,
    },
    /// The archive's own structure is damaged.
    Damaged {
        /// Which part of it: a structure or a member.
        part: String,
        /// The place in the file.
        offset: u64,
        /// The value that should be there.
        expected: Cow<'static, str>,
        /// The value that is there.
        found: String,
    },
    /// The archive lacks a member.
    Missing {
        /// Its name.
        member: String,
    },
    /// Two members of the archive have one name.
    Duplicate {
        /// The name.
        member: String,
    },
    /// A member is stored in a way that is not supported.
    Unsupported {
        /// The member.
        member: String,
        /// How it is stored.
        found: String,
    },
    /// A storage has not the size that the pickle says.
    StorageSize {
        /// The member that holds it.
        member: String,
        /// The size that the pickle says, in bytes.
        expected: u64,
        /// The size that it has.
        found: u64,
    },
    /// The pickle says two different things of one storage.
    StorageConflict {
        /// The member that holds it.
        member: String,
        /// The first statement.
        expected: String,
        /// The later statement.
        found: String,
    },
    /// The bytes of a member cannot be had.
    Storage(StorageError),
    /// The pickle cannot be read.
    Pickle {
        /// The member that holds it, or the file.
        member: String,
        /// Why.
        source: PickleError,
    },
    /// The file holds a whole model, not its state dict.
    WholeModel {
        /// The model's class.
        class: String,
    },
    /// Reading would cost more than a limit allows.
    Limit {
        /// The thing that would cost it.
        what: String,
        /// The limit: the name of its method on [`Limits`](crate::codec::Limits).
        limit: &'static str,
        /// The allowed cost.
        allowed: u64,
        /// The cost that is needed, at least.
        needed: u64,
    },
    /// Something else stands in the place of a state dict.
    NotAStateDict {
        /// The path of what is not as it should be.
        path: String,
        /// The value that should be there.
        expected: &'static str,
        /// The value that is there.
        found: String,
        /// Advice.
        advice: String,
    },
    /// Two entries of a state dict have one key.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A tensor of a state dict cannot be represented.
    RefusedTensor {
        /// Its path.
        path: String,
        /// A description of it.
        reason: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message(&mut OneLine(f))
    }
}

impl ReadError {
    fn message(&self, f: &mut OneLine<'_, '_>) -> fmt::Result {
        match self {
            ReadError::Io { file, source } => write!(f, "cannot read `{file}`: {source}"),
            ReadError::Foreign { found, advice } => {
                write!(f, "this is {found}, not a PyTorch checkpoint; {advice}")
            }
            ReadError::FeatureOff { format, feature } => write!(
                f,
                "this is a {format} file, which statedict reads with its feature `{feature}`"
            ),
            ReadError::Misplaced { archives: 1, offset } => write!(
                f,
                "{offset} bytes come before the ZIP archive in this file; cut them off (tail -c +{}), \
                 or pass over them with `Source::skip`",
                offset.saturating_add(1)
            ),
            ReadError::Misplaced { archives, offset } => write!(
                f,
                "{archives} archives in one file, the last from byte {offset} on: it is a part of a \
                 distributed checkpoint (make one file of its folder: python -m \
                 torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pt), or files \
                 that were put together"
            ),
            ReadError::UnknownDType { key, dtype } => {
                write!(f, "`{key}` has the dtype {dtype}, which PyTorch does not have")
            }
            ReadError::Damaged { part, offset, expected, found } => write!(
                f,
                "the file is damaged or incomplete: {part} at byte {offset}: expected {expected}, found {found}"
            ),
            ReadError::Missing { member } => write!(
                f,
                "the file has no member `{member}`: it was not written by torch.save, or is not complete"
            ),
            ReadError::Duplicate { member } => write!(
                f,
                "the archive has two members `{member}`, and readers differ in which they take: save it again"
            ),
            ReadError::Unsupported { member, found } => write!(
                f,
                "`{member}` is {found}; only stored and deflated members can be read: save it again with torch.save"
            ),
            ReadError::StorageSize { member, expected, found } => write!(
                f,
                "`{member}` has {found} bytes and the pickle says {expected}: the file is damaged or was not written by torch.save"
            ),
            ReadError::StorageConflict { member, expected, found } => write!(
                f,
                "the pickle describes `{member}` twice, as {expected} and as {found}: the file is damaged"
            ),
            ReadError::Storage(error) => write!(f, "{error}"),
            ReadError::Pickle { member, source } => write!(f, "`{member}`: {source}"),
            ReadError::WholeModel { class } => write!(
                f,
                "the file holds a whole model (a `{class}` saved with `torch.save(model)`), not its state dict; \
                 save `model.state_dict()` instead, or read its parameters and buffers with \
                 `ReadOptions::whole_models(true)`, which runs nothing"
            ),
            ReadError::Limit { what, limit, allowed, needed } => write!(
                f,
                "{what} needs {needed} and the limit `{limit}` is {allowed}; \
                 if you trust the file, raise it with `Limits::{limit}`"
            ),
            ReadError::NotAStateDict { path, expected, found, advice } => {
                write!(f, "{path} should be {expected} and is {found}")?;
                if !advice.is_empty() {
                    write!(f, "; {advice}")?;
                }
                Ok(())
            }
            ReadError::DuplicateKey { key } => {
                write!(f, "the key {key:?} comes twice, so one of its tensors would be lost")
            }
            ReadError::RefusedTensor { path, reason } => write!(
                f,
                "{path} is {reason}; `Document::state_map_partial` gives the other tensors"
            ),
        }
    }
}

debug_is_display!(ReadError);

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io { source, .. } => Some(source),
            ReadError::Storage(error) => error.source(),
            ReadError::Pickle { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<StorageError> for ReadError {
    fn from(error: StorageError) -> Self {
        ReadError::Storage(error)
    }
}

impl From<Box<ReadError>> for ReadError {
    fn from(error: Box<ReadError>) -> Self {
        *error
    }
}

/// A path for messages.
pub(super) fn display(path: &[&str]) -> String {
    match path {
        [] => "the file's root".to_owned(),
        path => path.iter().map(|key| format!("[{key:?}]")).collect(),
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    match path {
        "the file's root" => format!("[{key:?}]"),
        path => format!("{path}[{key:?}]"),
    }
}
