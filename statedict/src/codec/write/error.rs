//! Why a state dict could not be written.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::codec::write::source::SourceError;
use crate::dtype::DType;
use crate::plain_debug::debug_is_display;

/// Why a state dict could not be written.
#[non_exhaustive]
pub enum WriteError {
    /// Two tensors read the same storage as different element types, which PyTorch's format cannot
    /// express.
    SharedAsDifferentTypes {
        /// The key of the first tensor.
        first: String,
        /// Its element type.
        first_dtype: DType,
        /// The key of the other tensor.
        second: String,
        /// Its element type.
        second_dtype: DType,
    },
    /// A quantized tensor: its scale and zero point are not in a state dict's tensors.
    Quantized {
        /// The tensor's key.
        key: String,
        /// Its element type.
        dtype: DType,
    },
    /// A tensor on the device `meta`, which has no elements to write.
    Meta {
        /// The tensor's key.
        key: String,
    },
    /// An element type that the PyTorch release does not have for which the file is written.
    DTypeTooNew {
        /// The tensor's key.
        key: String,
        /// Its element type.
        dtype: DType,
    },
    /// A storage that is not a whole number of elements. PyTorch writes such a file but cannot load it.
    PartialElement {
        /// The key of the tensor.
        key: String,
        /// Its element type.
        dtype: DType,
        /// The size of the storage in bytes.
        nbytes: usize,
    },
    /// A value that a pickle of protocol 2 cannot hold.
    Unwritable {
        /// The keys that lead to it.
        key: String,
        /// Why not.
        reason: &'static str,
    },
    /// Two tensors that are not the same share elements, and the format is safetensors.
    Overlap {
        /// The tensor's key.
        key: String,
        /// The key of the other one.
        other: String,
    },
    /// A format that this build cannot write.
    FeatureOff {
        /// The format.
        format: &'static str,
        /// The feature of this crate that writes it.
        feature: &'static str,
    },
    /// The bytes of a tensor cannot be had.
    Source {
        /// The key of the first tensor that needs them.
        key: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor gave more or fewer bytes than it has.
    SourceLength {
        /// The key of the first tensor that needs them.
        key: String,
        /// How many bytes it has.
        expected: u64,
        /// How many came.
        found: u64,
    },
    /// There is no name for the archive's root directory: the file name begins with its only dot
    /// (PyTorch refuses it too), or the name asked for is empty or holds a `/`.
    Root {
        /// The file name, or the name asked for.
        name: PathBuf,
    },
    /// The names given for the storages are too few, or one comes twice.
    StorageNames {
        /// How many there must be.
        needed: usize,
    },
    /// An alignment that the format cannot express.
    Alignment {
        /// The alignment asked for.
        alignment: usize,
    },
    /// Something too large for a field of the format.
    TooLarge {
        /// A description of it.
        what: &'static str,
    },
    /// Writing failed.
    Io {
        /// The action that failed.
        action: &'static str,
        /// To which file, where there is one.
        path: Option<PathBuf>,
        /// The cause.
        source: io::Error,
    },
}

impl WriteError {
    /// For `map_err`: an operation on a writer failed.
    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> WriteError {
        move |source| WriteError::Io { action, path: None, source }
    }

    /// For `map_err`: an operation on a file failed.
    pub(super) fn io_at(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> WriteError {
        move |source| WriteError::Io { action, path: Some(path.into()), source }
    }

    /// The same error, saying which file it was if it does not.
    pub(super) fn in_file(self, file: &std::path::Path) -> WriteError {
        match self {
            WriteError::Io { action, path: None, source } => {
                WriteError::Io { action, path: Some(file.to_owned()), source }
            }
            other => other,
        }
    }

    pub(super) fn source_of(key: &str, source: SourceError) -> WriteError {
        WriteError::Source { key: key.to_owned(), source }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::SharedAsDifferentTypes { first, first_dtype, second, second_dtype } => {
                write!(
                    f,
                    "`{first}` ({first_dtype}) and `{second}` ({second_dtype}) share a storage: PyTorch's \
                 format cannot hold two tensors that view the same data as different types"
                )
            }
            WriteError::Quantized { key, dtype } => {
                write!(f, "`{key}` is quantized ({dtype}) and has no scale and zero point to write")
            }
            WriteError::Meta { key } => {
                write!(f, "`{key}` is on the device `meta` and has no elements to write")
            }
            WriteError::DTypeTooNew { key, dtype } => {
                write!(f, "`{key}` is {dtype}, which PyTorch 1.13 cannot load")
            }
            WriteError::PartialElement { key, dtype, nbytes } => write!(
                f,
                "`{key}` is {dtype} in a storage of {nbytes} bytes, which is no whole number of elements"
            ),
            WriteError::Unwritable { key, reason } => {
                write!(f, "the value at `{key}` {reason}")
            }
            WriteError::Overlap { key, other } => write!(
                f,
                "`{key}` shares elements with `{other}`, which a safetensors file cannot say; \
                 `WriteOptions::copy_overlaps(true)` writes them for each of the two"
            ),
            WriteError::FeatureOff { format, feature } => write!(
                f,
                "a {format} file is written with the feature `{feature}` of statedict; \
                 `WriteOptions::layout` writes PyTorch's format whatever the path's ending"
            ),
            WriteError::Source { key, source } => {
                write!(f, "cannot read the elements of `{key}`: {source}")
            }
            WriteError::SourceLength { key, expected, found } => {
                write!(f, "`{key}` has {expected} bytes of elements, but {found} came")
            }
            WriteError::Root { name } => write!(
                f,
                "`{}` gives no name for the root directory of the archive",
                name.display()
            ),
            WriteError::StorageNames { needed } => {
                write!(f, "{needed} storages need as many names, each another")
            }
            WriteError::Alignment { alignment } => {
                write!(
                    f,
                    "storages cannot be aligned to {alignment} bytes: 1 to 32768 are possible"
                )
            }
            WriteError::TooLarge { what } => write!(f, "{what} too large for the format"),
            WriteError::Io { action, path: None, source } => write!(f, "cannot {action}: {source}"),
            WriteError::Io { action, path: Some(path), source } => {
                write!(f, "cannot {action} `{}`: {source}", path.display())
            }
        }
    }
}

debug_is_display!(WriteError);
/// For functions that return an [`io::Result`].
impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        io::Error::other(error)
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Source { source, .. } => Some(source.as_ref()),
            WriteError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
