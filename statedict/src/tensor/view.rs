//! Lazy views of storages: what a state dict holds under each key.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::dtype::DType;
use crate::tensor::element::{self, Element};
use crate::tensor::gather;
use crate::tensor::shape::{Shape, Strides};
use crate::tensor::storage::{Storage, StorageError};
use crate::tensor::view_error::ViewError;

/// The number of bytes that are gathered at a time from a tensor that is not contiguous.
const PIECE: usize = 1 << 20;

/// A tensor as a state dict holds it: element type, shape, strides and offset over a [`Storage`].
///
/// A view is lazy: one that comes from a file has read none of the tensor's bytes. Several views may
/// share one storage (tied weights, slices); [`Storage::same_as`] tells.
///
/// ```
/// use statedict::{DType, TensorView};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let view = TensorView::from_vec(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
/// assert_eq!(view.dtype(), DType::F32);
/// assert_eq!(view.shape(), &[2, 3]);
/// assert_eq!(view.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TensorView<'a> {
    storage: Storage<'a>,
    shape: Shape,
    /// `None` for those that follow from the shape, by far the commonest. A row-major tensor may have
    /// others where a dimension has one element or none; files keep them, so they are kept here.
    strides: Option<Box<Strides>>,
    offset: usize,
    dtype: DType,
    flags: Flags,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    requires_grad: bool,
    conj: bool,
    neg: bool,
}

impl<'a> TensorView<'a> {
    /// A row-major view of `shape` from `offset` (in elements) on.
    ///
    /// # Errors
    /// Where the storage is too small for it.
    pub fn contiguous(
        storage: Storage<'a>,
        dtype: DType,
        shape: impl Into<Shape>,
        offset: usize,
    ) -> Result<Self, ViewError> {
        let shape = shape.into();
        let strides = shape.contiguous_strides().ok_or(ViewError::Overflow)?;
        TensorView::strided(storage, dtype, shape, strides, offset)
    }

    /// A view with any strides, in elements.
    ///
    /// # Errors
    /// Where the storage is too small for it, a stride is negative, shape and strides differ in length,
    /// or it is a part of a storage with several elements in a byte.
    pub fn strided(
        storage: Storage<'a>,
        dtype: DType,
        shape: impl Into<Shape>,
        strides: Strides,
        offset: usize,
    ) -> Result<Self, ViewError> {
        let shape = shape.into();
        check_range(&shape, &strides, offset, dtype, storage.nbytes())?;
        if !is_whole(&shape, &strides, offset, dtype) {
            return Err(ViewError::Packed { dtype });
        }
        let follow = shape.contiguous_strides().as_ref() == Some(&strides);
        let strides = if follow { None } else { Some(Box::new(strides)) };
        Ok(TensorView { storage, shape, strides, offset, dtype, flags: Flags::default() })
    }

    /// The same, where the storage is known to be large enough.
    pub(crate) fn known_contiguous(
        storage: Storage<'a>,
        dtype: DType,
        shape: Shape,
        offset: usize,
    ) -> Self {
        TensorView { storage, shape, strides: None, offset, dtype, flags: Flags::default() }
    }

    /// A row-major tensor of elements in memory.
    ///
    /// # Errors
    /// Where `elements` are not as many as `shape` has.
    pub fn from_slice<T: Element>(
        elements: &'a [T],
        shape: impl Into<Shape>,
    ) -> Result<Self, ViewError> {
        TensorView::from_bytes(element::to_le_bytes(elements), T::DTYPE, shape)
    }

    /// A row-major tensor that owns its elements.
    ///
    /// # Errors
    /// Where `elements` are not as many as `shape` has.
    pub fn from_vec<T: Element>(
        elements: Vec<T>,
        shape: impl Into<Shape>,
    ) -> Result<TensorView<'static>, ViewError> {
        let bytes = element::to_le_bytes(&elements).into_owned();
        TensorView::from_bytes(bytes, T::DTYPE, shape)
    }

    /// A row-major tensor of little-endian bytes in memory, that fill the shape exactly.
    ///
    /// # Errors
    /// Where there are more or fewer bytes than that.
    pub fn from_bytes(
        bytes: impl Into<Cow<'a, [u8]>>,
        dtype: DType,
        shape: impl Into<Shape>,
    ) -> Result<Self, ViewError> {
        let (bytes, shape) = (bytes.into(), shape.into());
        let expected = shape.numel().and_then(|numel| dtype.nbytes(numel));
        if expected != Some(bytes.len()) {
            return Err(ViewError::Length { shape, dtype, nbytes: bytes.len() });
        }
        TensorView::contiguous(Storage::from_bytes(bytes), dtype, shape, 0)
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The size along each dimension.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The step along each dimension, in elements.
    pub fn strides(&self) -> Strides {
        match &self.strides {
            Some(strides) => Strides::clone(strides),
            // Checked when the view was made.
            None => self.shape.contiguous_strides().unwrap_or_default(),
        }
    }

    /// The strides where they are not those that follow from the shape.
    pub(crate) fn own_strides(&self) -> Option<&Strides> {
        self.strides.as_deref()
    }

    /// Returns the place of the first element in the storage, in elements.
    pub fn storage_offset(&self) -> usize {
        self.offset
    }

    /// The storage this is a view of.
    pub fn storage(&self) -> &Storage<'a> {
        &self.storage
    }

    /// The location tag of the storage, such as `"cpu"` or `"cuda:0"`.
    pub fn location(&self) -> &str {
        self.storage.location()
    }

    /// Returns `true` if the elements follow each other in row-major order.
    pub fn is_contiguous(&self) -> bool {
        self.strides.as_ref().is_none_or(|strides| is_row_major(&self.shape, strides))
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        // Checked when the view was made.
        self.shape.numel().unwrap_or(0)
    }

    /// The size of the elements in bytes; an expanded tensor has more than its storage.
    ///
    /// Saturates for an expanded tensor too large to be held in memory.
    #[inline]
    pub fn nbytes(&self) -> usize {
        self.dtype.nbytes(self.numel()).unwrap_or(usize::MAX)
    }

    /// Returns `true` if the tensor asks for gradients, as the file says it.
    pub fn requires_grad(&self) -> bool {
        self.flags.requires_grad
    }

    /// The same view with `requires_grad` set.
    #[must_use]
    pub fn with_requires_grad(mut self, requires_grad: bool) -> Self {
        self.flags.requires_grad = requires_grad;
        self
    }

    /// Returns `true` if the elements are the conjugates of what the storage holds (`Tensor.is_conj()`).
    pub fn is_conj(&self) -> bool {
        self.flags.conj
    }

    /// Returns `true` if the elements are the negatives of what the storage holds (`Tensor.is_neg()`).
    pub fn is_neg(&self) -> bool {
        self.flags.neg
    }

    /// The same view with the conjugate and negative bits set.
    #[must_use]
    pub fn with_conj_neg(mut self, conj: bool, neg: bool) -> Self {
        self.flags.conj = conj;
        self.flags.neg = neg;
        self
    }

    /// Returns `true` if two views show the same elements of the same storage in the same way: equal without
    /// reading a byte.
    pub fn same_as(&self, other: &TensorView<'_>) -> bool {
        self.storage.same_as(&other.storage)
            && self.dtype == other.dtype
            && self.shape == other.shape
            && self.strides == other.strides
            && self.offset == other.offset
            && self.is_conj() == other.is_conj()
            && self.is_neg() == other.is_neg()
    }

    /// The elements in row-major order as little-endian bytes: borrowed where the view is contiguous
    /// and its storage in memory or mapped, gathered once where not. Conjugate and negative bits
    /// are resolved.
    ///
    /// # Errors
    /// Where the bytes cannot be read.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, StorageError> {
        if self.numel() == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        let storage = self.storage.bytes()?;
        if self.flags.conj || self.flags.neg || !self.is_contiguous() {
            return self.gather(&storage, 0..self.numel()).map(Cow::Owned);
        }
        let range = self.byte_range();
        let missing = || StorageError::out_of_range(range.start, range.len(), storage.len());
        match storage {
            Cow::Borrowed(bytes) => bytes.get(range.clone()).map(Cow::Borrowed).ok_or_else(missing),
            Cow::Owned(mut bytes) if range.end <= bytes.len() => {
                bytes.truncate(range.end);
                bytes.drain(..range.start);
                Ok(Cow::Owned(bytes))
            }
            Cow::Owned(_) => Err(missing()),
        }
    }

    /// Tells `tell` of the elements in row-major order as little-endian bytes, a piece at a time: an expanded view
    /// need not fit in memory.
    #[cfg(feature = "safetensors")]
    pub(crate) fn each_piece<E>(
        &self,
        failed: impl Fn(StorageError) -> E,
        mut tell: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.flags.conj || self.flags.neg || !self.is_contiguous() {
            let (numel, piece) = (self.numel(), PIECE / self.dtype.size());
            let storage = self.storage.bytes().map_err(&failed)?;
            for start in (0..numel).step_by(piece) {
                let end = numel.min(start.saturating_add(piece));
                tell(&self.gather(&storage, start..end).map_err(&failed)?)?;
            }
            return Ok(());
        }
        self.bytes().map_err(failed)?.chunks(PIECE).try_for_each(tell)
    }

    /// Fills `buffer` with the elements in row-major order as little-endian bytes.
    ///
    /// # Errors
    /// Where the bytes cannot be read, or the buffer's size is not [`nbytes`](Self::nbytes).
    pub fn read_into(&self, buffer: &mut [u8]) -> Result<(), StorageError> {
        if buffer.len() != self.nbytes() {
            return Err(StorageError::out_of_range(0, buffer.len(), self.nbytes()));
        }
        if buffer.is_empty() {
            return Ok(());
        }
        if self.flags.conj || self.flags.neg || !self.is_contiguous() {
            let storage = self.storage.bytes()?;
            let (size, piece) = (self.dtype.size(), PIECE / self.dtype.size());
            for (index, part) in buffer.chunks_mut(piece * size).enumerate() {
                let start = index * piece;
                part.copy_from_slice(&self.gather(&storage, start..start + part.len() / size)?);
            }
            return Ok(());
        }
        self.storage.read_at(self.byte_range().start, buffer)
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// Where `T` is not the element type of this tensor, or the bytes cannot be read.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, ViewError> {
        if T::DTYPE != self.dtype {
            return Err(ViewError::DType { expected: T::DTYPE, found: self.dtype });
        }
        Ok(element::from_le_bytes(&self.bytes()?))
    }

    /// The only element of a tensor of one element, as `Tensor.item()`.
    ///
    /// # Errors
    /// Where there is not exactly one element, `T` is not the element type, or the bytes cannot be
    /// read.
    pub fn item<T: Element>(&self) -> Result<T, ViewError> {
        match self.numel() {
            1 => self.to_vec::<T>().map(|elements| elements.first().copied().unwrap_or_default()),
            _ => Err(ViewError::NotOneElement { shape: self.shape.clone() }),
        }
    }

    /// The same view of another storage, which must hold the same bytes.
    pub(crate) fn over(mut self, storage: Storage<'a>) -> Self {
        self.storage = storage;
        self
    }

    /// Another view of the same storage, with the same element type and bits.
    pub(super) fn restrided(
        &self,
        shape: Shape,
        strides: Strides,
        offset: usize,
    ) -> Result<Self, ViewError> {
        let view = TensorView::strided(self.storage.clone(), self.dtype, shape, strides, offset)?;
        Ok(TensorView { flags: self.flags, ..view })
    }

    /// The same tensor with bytes of its own, row-major, free of the file or model it came from.
    /// It keeps its location tag.
    ///
    /// # Errors
    /// Where the bytes cannot be read.
    pub fn into_owned(self) -> Result<TensorView<'static>, StorageError> {
        let requires_grad = self.requires_grad();
        let storage = Storage::from_bytes_at(self.bytes()?.into_owned(), self.location());
        Ok(TensorView {
            storage,
            shape: self.shape,
            strides: None,
            offset: 0,
            dtype: self.dtype,
            flags: Flags { requires_grad, ..Flags::default() },
        })
    }

    /// The same tensor where its storage is free to be kept: nothing is copied.
    pub(crate) fn keep(&self) -> Option<TensorView<'static>> {
        Some(TensorView {
            storage: self.storage.keep()?,
            shape: self.shape.clone(),
            strides: self.strides.clone(),
            offset: self.offset,
            dtype: self.dtype,
            flags: self.flags,
        })
    }

    /// The bytes of a contiguous view within its storage.
    fn byte_range(&self) -> std::ops::Range<usize> {
        let start = self.offset * self.dtype.size();
        start..start + self.nbytes()
    }

    fn gather(&self, storage: &[u8], elements: Range<usize>) -> Result<Vec<u8>, StorageError> {
        // The range of a view was checked when it was made.
        let needed = elements.len().saturating_mul(self.dtype.size());
        let (strides, size) = (self.strides(), self.dtype.size());
        let mut bytes = gather::gather(storage, &self.shape, &strides, self.offset, size, elements)
            .ok_or(StorageError::Memory { needed })?;
        if self.flags.conj != self.flags.neg && self.dtype.is_complex() {
            // conj negates the imaginary parts, neg both: together they negate the real ones.
            if self.flags.conj {
                gather::negate(&mut bytes, self.dtype, gather::Part::Imaginary);
            } else {
                gather::negate(&mut bytes, self.dtype, gather::Part::All);
            }
        } else if self.flags.conj && self.flags.neg {
            gather::negate(&mut bytes, self.dtype, gather::Part::Real);
        } else if self.flags.neg {
            gather::negate(&mut bytes, self.dtype, gather::Part::All);
        }
        Ok(bytes)
    }
}

impl fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TensorView({} {}", self.dtype, self.shape)?;
        if let Some(strides) = &self.strides {
            write!(f, ", strides {strides:?}")?;
        }
        if self.offset != 0 {
            write!(f, ", offset {}", self.offset)?;
        }
        if self.location() != "cpu" {
            write!(f, ", {}", self.location())?;
        }
        f.write_str(")")
    }
}

/// Returns `true` if `strides` are those of a row-major tensor; those of dimensions with a single element do
/// not matter, nor any where there are no elements.
fn is_row_major(shape: &[usize], strides: &[isize]) -> bool {
    if shape.contains(&0) {
        return true;
    }
    let mut next = 1usize;
    shape.iter().zip(strides).rev().all(|(&size, &stride)| {
        let fits = size == 1 || usize::try_from(stride) == Ok(next);
        next = next.saturating_mul(size);
        fits
    })
}

/// Checks that every element lies within a storage of `nbytes`.
pub(crate) fn check_range(
    shape: &Shape,
    strides: &Strides,
    offset: usize,
    dtype: DType,
    nbytes: usize,
) -> Result<(), ViewError> {
    let end = required_bytes(shape, strides, offset, dtype)?;
    if end > nbytes {
        return Err(ViewError::OutOfStorage { end, nbytes });
    }
    Ok(())
}

/// Returns `true` if the elements can be had by their bytes: always, but for types with several elements in a
/// byte. Of those PyTorch itself counts offsets now in bytes, now in elements.
pub(crate) fn is_whole(shape: &[usize], strides: &[isize], offset: usize, dtype: DType) -> bool {
    dtype.per_byte() == 1 || (offset == 0 && is_row_major(shape, strides))
}

/// Returns the number of bytes that a storage needs for all elements to lie within it.
pub(crate) fn required_bytes(
    shape: &Shape,
    strides: &Strides,
    offset: usize,
    dtype: DType,
) -> Result<usize, ViewError> {
    if shape.len() != strides.len() {
        return Err(ViewError::Rank { shape: shape.len(), strides: strides.len() });
    }
    let numel = shape.numel().ok_or(ViewError::Overflow)?;
    // Rust cannot address more than isize::MAX bytes, expanded or not.
    let within = |n: usize| isize::try_from(n).is_ok();
    if !dtype.nbytes(numel).is_some_and(within) {
        return Err(ViewError::Overflow);
    }
    let mut last = offset;
    for (&size, &stride) in shape.iter().zip(strides.iter()) {
        let stride = usize::try_from(stride).map_err(|_| ViewError::NegativeStride { stride })?;
        let steps = size.saturating_sub(1);
        last = steps
            .checked_mul(stride)
            .and_then(|step| last.checked_add(step))
            .ok_or(ViewError::Overflow)?;
    }
    if numel == 0 {
        return Ok(0);
    }
    last.checked_add(1).and_then(|count| dtype.nbytes(count)).ok_or(ViewError::Overflow)
}
