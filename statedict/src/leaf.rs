//! The tensors of any library as the leaves of a model: its parameters and buffers.
//!
//! A tensor type implements [`Tensor`] and [`TensorMut`]: four short methods, where its elements lie in memory in
//! row-major order. The guide [Start here](crate::guide) shows one. Handles that share their elements say so by
//! [`storage_id`](Tensor::storage_id); elements in another order or on a device are handed over by
//! [`with_bytes`](Tensor::with_bytes). The feature `testing` has tests that check all of it on your type.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;

use crate::dtype::DType;
use crate::plain_debug::debug_is_display;
use crate::tensor::{Element, Shape, StorageError, TensorView, ViewError};

/// A leaf of a model for reading: a tensor of some library, as a parameter or buffer.
///
/// Implement it for a tensor type of your own; the types of this crate's adapters have it already.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
    label = "expected a tensor type",
    note = "if it is a module, remove `#[param]` or `#[buffer]`",
    note = "a tensor library's types need that library's feature of `statedict`"
)]
pub trait Tensor {
    /// Returns the element type.
    ///
    /// # Errors
    /// Where PyTorch has no type of these elements, or there is nothing that has a type, such as a stack of no
    /// tensors. The reason is in the error of the save or load that asked.
    fn dtype(&self) -> Result<DType, TensorError>;

    /// The size along each dimension.
    fn shape(&self) -> Shape;

    /// Returns the identity of the storage, which tells whether two leaves share their elements: equal for leaves of one storage.
    /// `None`, the default, is for types whose values always own their elements.
    fn storage_id(&self) -> Option<StorageId> {
        None
    }

    /// The location tag to save: `"cpu"`, `"cuda:0"`, …
    fn location(&self) -> Cow<'_, str> {
        Cow::Borrowed("cpu")
    }

    /// Returns `true` if [`assign`](TensorMut::assign) takes a tensor of this element type: by default only the
    /// type it has, which is right where a Rust type fixes it.
    fn adopts(&self, dtype: DType) -> bool {
        self.dtype().is_ok_and(|own| own == dtype)
    }

    /// Returns how certain it is that this tensor takes what a load writes into it. A load asks before it
    /// writes anything.
    ///
    /// # Errors
    /// Where it is known already that [`copy_`](TensorMut::copy_) and [`assign`](TensorMut::assign) fail, for
    /// instance because several elements of the tensor are one in memory.
    fn writable(&self) -> Result<Writable, TensorError> {
        Ok(Writable::Perhaps)
    }

    /// All elements in row-major order as little-endian bytes, where they lie in memory like that.
    fn host_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// Hands all elements in row-major order as little-endian bytes to `sink`, in one or several
    /// consecutive pieces. By default these are the [`host_bytes`](Self::host_bytes): a type whose elements
    /// do not always lie in memory like that has its own way.
    ///
    /// # Errors
    /// The sink's, or the library's where it cannot give the elements.
    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        match self.host_bytes() {
            Some(bytes) => sink(bytes),
            None => Err(TensorError::Library(
                "its type implements neither `host_bytes` nor `with_bytes`".into(),
            )),
        }
    }

    /// This tensor as a value whose type can be asked for: what [`TensorMut::share`] gets to see of
    /// another. `None`, the default, is right for every type that does not implement that.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// The certainty that a tensor takes what a load writes into it: see [`Tensor::writable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Writable {
    /// It takes every tensor of its shape whose elements can be read, and whose element type is its own, or one
    /// that it adopts.
    Certainly,
    /// Its library may fail in the middle. Until a load has succeeded, it keeps a copy of the elements that
    /// such a tensor had, to give them back.
    Perhaps,
}

/// Takes the bytes of a tensor piece by piece; see [`Tensor::with_bytes`].
pub type ByteSink<'s> = dyn FnMut(&[u8]) -> Result<(), TensorError> + 's;

/// A leaf of a model for writing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
    label = "expected a tensor type",
    note = "if it is a module, remove `#[param]` or `#[buffer]`",
    note = "a tensor library's types need that library's feature of `statedict`"
)]
pub trait TensorMut: Tensor {
    /// Overwrites the elements in place with those of `source`, like `Tensor.copy_()`.
    ///
    /// # Errors
    /// Where the source has another shape or element type ([`check_copy`] says so), cannot be read, or the
    /// library refuses.
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError>;

    /// Becomes `source`, which borrows nothing; like `assign=True` of PyTorch. Where
    /// [`LoadOptions::keep_mapped`](crate::LoadOptions::keep_mapped) allows it, it may lie in a file's map.
    /// By default the elements are copied.
    ///
    /// # Errors
    /// Where the source has another shape, or an element type that is not [adopted](Tensor::adopts)
    /// ([`check_assign`] says so), or the library refuses.
    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        let (expected, found) = (self.dtype()?, source.dtype());
        if expected == found {
            self.copy_(&source)
        } else {
            Err(TensorError::DType { expected, found })
        }
    }

    /// The memory of the elements, where they lie in it in row-major order as little-endian bytes
    /// and every byte pattern is a value. Where this is `Some`, loading fills it directly
    /// (in parallel, for large tensors) and does not call [`copy_`](Self::copy_).
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        None
    }

    /// Becomes another handle of `first`, with which this tensor shared its storage before the load
    /// that has just replaced `first`; whether it did. Where it did not, which is the default, what
    /// was written into `first` is written into this tensor as well, and they no longer share.
    ///
    /// Only called where their [storage ids](Tensor::storage_id) have come to differ: where
    /// replacing a tensor means another storage, in `assign` or, for immutable tensors, in `copy_`.
    fn share(&mut self, first: &dyn Tensor) -> bool {
        let _ = first;
        false
    }
}

/// A number, or an array of arrays … of numbers: what has a shape by its type alone.
///
/// It exists so that `[[f32; 3]; 2]` is a tensor of shape `[2, 3]`.
pub trait Nested: Sized + 'static {
    /// The innermost type.
    type Element: Element;

    /// Adds the sizes of this type's dimensions.
    #[doc(hidden)]
    fn sizes(shape: &mut Shape);

    /// All elements of a run of values.
    #[doc(hidden)]
    fn flatten(values: &[Self]) -> &[Self::Element];

    /// The same for writing.
    #[doc(hidden)]
    fn flatten_mut(values: &mut [Self]) -> &mut [Self::Element];
}

/// Checks that `source` has the element type and the shape of `destination`, as
/// [`copy_`](TensorMut::copy_) must.
///
/// # Errors
/// [`TensorError::DType`] or [`TensorError::Shape`], with both; where `destination` has no element type, its
/// reason.
pub fn check_copy(
    destination: &(impl Tensor + ?Sized),
    source: &TensorView<'_>,
) -> Result<(), TensorError> {
    let (expected, found) = (destination.dtype()?, source.dtype());
    match expected == found {
        true => check_shape(destination, source),
        false => Err(TensorError::DType { expected, found }),
    }
}

/// Checks that `destination` adopts the element type of `source` and has its shape, as
/// [`assign`](TensorMut::assign) must.
///
/// # Errors
/// Like [`check_copy`].
pub fn check_assign(
    destination: &(impl Tensor + ?Sized),
    source: &TensorView<'_>,
) -> Result<(), TensorError> {
    let found = source.dtype();
    match destination.adopts(found) {
        true => check_shape(destination, source),
        false => Err(TensorError::DType { expected: destination.dtype()?, found }),
    }
}

/// Checks that `source` has the shape of `destination`.
pub(crate) fn check_shape(
    destination: &(impl Tensor + ?Sized),
    source: &TensorView<'_>,
) -> Result<(), TensorError> {
    let (expected, found) = (destination.shape(), source.shape());
    match expected == *found {
        true => Ok(()),
        false => Err(TensorError::Shape { expected, found: found.clone() }),
    }
}

/// The identity of a leaf's elements: equal for leaves of one storage, different for others that are alive
/// at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StorageId {
    library: TypeId,
    storage: usize,
    part: usize,
    is_transposed: bool,
}

impl StorageId {
    /// The storage that lives at an address.
    pub fn from_address<T: ?Sized>(address: *const T) -> Self {
        struct Address;
        StorageId::of::<Address>(address.cast::<()>().addr(), 0)
    }

    /// The part `part` of the storage that a library numbers `storage`. `Library` is any type of its own, so
    /// that two libraries in one model do not meet.
    ///
    /// ```
    /// use statedict::leaf::StorageId;
    ///
    /// struct Arena;
    ///
    /// assert_eq!(StorageId::of::<Arena>(7, 0), StorageId::of::<Arena>(7, 0));
    /// assert_ne!(StorageId::of::<Arena>(7, 0), StorageId::of::<Arena>(7, 64));
    /// assert_ne!(StorageId::of::<Arena>(7, 0), StorageId::of::<u8>(7, 0));
    /// ```
    pub fn of<Library: 'static>(storage: usize, part: usize) -> Self {
        StorageId { library: TypeId::of::<Library>(), storage, part, is_transposed: false }
    }

    /// That of the storage's matrix seen the other way round: the same elements, in another order.
    #[cfg(feature = "burn-0_22")]
    pub(crate) fn transposed(self) -> Self {
        StorageId { is_transposed: !self.is_transposed, ..self }
    }
}

/// Why a leaf could not be read or written.
#[non_exhaustive]
pub enum TensorError {
    /// The bytes of the source cannot be read.
    Storage(StorageError),
    /// The tensor holds another element type than can be written into it.
    DType {
        /// The destination's type.
        expected: DType,
        /// The source's type.
        found: DType,
    },
    /// The tensor has another shape.
    Shape {
        /// The destination's shape.
        expected: Shape,
        /// The source's shape.
        found: Shape,
    },
    /// Writing the tensor's bytes somewhere failed.
    Io(std::io::Error),
    /// The library's own error.
    Library(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for TensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TensorError::Storage(source) => source.fmt(f),
            TensorError::DType { expected, found } => {
                write!(f, "expected {expected} elements, found {found}")
            }
            TensorError::Shape { expected, found } => {
                write!(f, "expected shape {expected}, found {found}")
            }
            TensorError::Io(source) => source.fmt(f),
            TensorError::Library(source) => source.fmt(f),
        }
    }
}

debug_is_display!(TensorError);

impl std::error::Error for TensorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TensorError::Storage(source) => source.source(),
            TensorError::Io(source) => source.source(),
            TensorError::Library(source) => source.source(),
            TensorError::DType { .. } | TensorError::Shape { .. } => None,
        }
    }
}

impl From<StorageError> for TensorError {
    fn from(error: StorageError) -> Self {
        TensorError::Storage(error)
    }
}

impl From<ViewError> for TensorError {
    fn from(error: ViewError) -> Self {
        TensorError::Library(error.into())
    }
}

impl From<std::io::Error> for TensorError {
    fn from(error: std::io::Error) -> Self {
        TensorError::Io(error)
    }
}
