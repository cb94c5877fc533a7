//! Why there is no such view of a storage.

use std::fmt;
use std::ops::Range;

use crate::dtype::DType;
use crate::plain_debug::debug_is_display;
use crate::tensor::shape::Shape;
use crate::tensor::storage::StorageError;

/// Why there is no such view, or no such reading of one.
#[non_exhaustive]
pub enum ViewError {
    /// The last element lies beyond the storage.
    OutOfStorage {
        /// The first byte after the view's last element.
        end: usize,
        /// The size of the storage in bytes.
        nbytes: usize,
    },
    /// Sizes or strides whose product does not fit in memory.
    Overflow,
    /// A step backwards.
    NegativeStride {
        /// The stride.
        stride: isize,
    },
    /// As many strides as dimensions are needed.
    Rank {
        /// The number of dimensions.
        shape: usize,
        /// The number of strides.
        strides: usize,
    },
    /// The elements do not fill the shape.
    Length {
        /// The shape to fill.
        shape: Shape,
        /// The element type.
        dtype: DType,
        /// How many bytes there are.
        nbytes: usize,
    },
    /// A part of a tensor with several elements in a byte: only the whole can be viewed.
    Packed {
        /// The element type.
        dtype: DType,
    },
    /// Another element type was asked for than the tensor has.
    DType {
        /// The type asked for.
        expected: DType,
        /// The tensor's.
        found: DType,
    },
    /// A single element was asked for.
    NotOneElement {
        /// The tensor's shape.
        shape: Shape,
    },
    /// The tensor has no such dimension.
    Dim {
        /// The dimension asked for, counted from 0.
        dim: usize,
        /// The tensor's shape.
        shape: Shape,
    },
    /// The dimension has no such range.
    Range {
        /// The range asked for.
        range: Range<usize>,
        /// The size of the dimension.
        size: usize,
    },
    /// Pieces that do not add up to the dimension.
    Split {
        /// The sizes asked for.
        sizes: Vec<usize>,
        /// The size of the dimension.
        size: usize,
    },
    /// Shapes of different numbers of elements.
    Reshape {
        /// The tensor's shape.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// Tensors that cannot be put one after another.
    Cat {
        /// The dimension.
        dim: usize,
        /// The first tensor's element type and shape.
        first: Box<(DType, Shape)>,
        /// Another tensor's.
        other: Box<(DType, Shape)>,
    },
    /// No tensors to put one after another.
    CatNothing,
    /// The bytes cannot be read.
    Storage(StorageError),
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ViewError::OutOfStorage { end, nbytes } => {
                write!(f, "the tensor ends at byte {end} of a storage of {nbytes} bytes")
            }
            ViewError::Overflow => f.write_str("the tensor's sizes do not fit in memory"),
            ViewError::NegativeStride { stride } => {
                write!(f, "stride {stride} is negative; PyTorch has no such tensors")
            }
            ViewError::Rank { shape, strides } => {
                write!(f, "{shape} sizes and {strides} strides do not go together")
            }
            ViewError::Length { shape, dtype, nbytes } => {
                write!(f, "{nbytes} bytes do not fill a {dtype} tensor of shape {shape}")
            }
            ViewError::Packed { dtype } => {
                write!(
                    f,
                    "{dtype} has several elements in a byte: only a whole tensor can be viewed"
                )
            }
            ViewError::DType { expected, found } => {
                write!(f, "the tensor holds {found} elements, not {expected}")
            }
            ViewError::NotOneElement { shape } => {
                write!(f, "a tensor of shape {shape} is not a single element")
            }
            ViewError::Dim { dim, shape } => {
                write!(f, "a tensor of shape {shape} has no dimension {dim}")
            }
            ViewError::Range { range, size } => {
                write!(f, "a dimension of size {size} has no range {range:?}")
            }
            ViewError::Split { sizes, size } => {
                write!(f, "pieces of sizes {sizes:?} do not make up a dimension of size {size}")
            }
            ViewError::Reshape { from, to } => {
                write!(f, "a tensor of shape {from} does not fill the shape {to}")
            }
            ViewError::Cat { dim, first, other } => write!(
                f,
                "a {} tensor of shape {} does not continue a {} tensor of shape {} along dimension {dim}",
                other.0, other.1, first.0, first.1
            ),
            ViewError::CatNothing => f.write_str("there are no tensors to concatenate"),
            ViewError::Storage(source) => source.fmt(f),
        }
    }
}

debug_is_display!(ViewError);

impl std::error::Error for ViewError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ViewError::Storage(source) => source.source(),
            _ => None,
        }
    }
}

impl From<StorageError> for ViewError {
    fn from(error: StorageError) -> Self {
        ViewError::Storage(error)
    }
}
