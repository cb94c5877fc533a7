//! A small owned tensor, so that a model needs no tensor library.

use std::fmt;

use bytemuck::allocation::try_zeroed_vec;

use crate::dtype::DType;
use crate::tensor::element::{self, Element};
use crate::tensor::shape::Shape;
use crate::tensor::storage::StorageError;
use crate::tensor::view::TensorView;
use crate::tensor::view_error::ViewError;

/// An owned, row-major tensor in memory: an element type, a shape and the elements.
///
/// It stores any [`DType`], as a `torch.Tensor` on the CPU does, and computes nothing: it is for
/// models that do their arithmetic on slices, for tests, and as the leaf of a model that only
/// carries weights from file to file. A clone owns elements of its own.
///
/// ```
/// use statedict::{CpuTensor, DType};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut bias = CpuTensor::zeros(DType::F32, [3]);
/// bias.as_mut_slice::<f32>().unwrap()[1] = 0.5;
/// assert_eq!(bias.as_slice::<f32>(), Some(&[0.0, 0.5, 0.0][..]));
///
/// let weight = CpuTensor::from_vec(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2])?;
/// assert_eq!(weight.shape(), &[2, 2]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct CpuTensor {
    dtype: DType,
    shape: Shape,
    bytes: AlignedBytes,
}

impl CpuTensor {
    /// A tensor of zeros.
    ///
    /// # Panics
    /// Where a tensor of this shape does not fit in memory.
    pub fn zeros(dtype: DType, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        let nbytes = shape.numel().and_then(|numel| dtype.nbytes(numel));
        let Some(nbytes) = nbytes.filter(|&nbytes| isize::try_from(nbytes).is_ok()) else {
            panic!("a {dtype} tensor of shape {shape} does not fit in memory");
        };
        match AlignedBytes::zeroed(nbytes) {
            Some(bytes) => CpuTensor { dtype, shape, bytes },
            None => panic!("a {dtype} tensor of shape {shape} does not fit in memory"),
        }
    }

    /// A tensor of these elements, in row-major order.
    ///
    /// # Errors
    /// Where they are not as many as the shape has.
    pub fn from_vec<T: Element>(
        elements: Vec<T>,
        shape: impl Into<Shape>,
    ) -> Result<Self, ViewError> {
        CpuTensor::from_slice(&elements, shape)
    }

    /// A tensor of a copy of these elements, in row-major order.
    ///
    /// # Errors
    /// Where they are not as many as the shape has.
    pub fn from_slice<T: Element>(
        elements: &[T],
        shape: impl Into<Shape>,
    ) -> Result<Self, ViewError> {
        let view = TensorView::from_slice(elements, shape)?;
        Ok(CpuTensor::from_view(&view)?)
    }

    /// A 0-dim tensor of one element.
    pub fn scalar<T: Element>(value: T) -> Self {
        let mut tensor = CpuTensor::zeros(T::DTYPE, []);
        tensor.bytes.as_mut_slice().copy_from_slice(&element::to_le_bytes(&[value]));
        tensor
    }

    /// A tensor with a copy of a view's elements, such as one of a file.
    ///
    /// ```
    /// # use statedict::{CpuTensor, TensorView};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let view = TensorView::from_vec(vec![1i64, 2, 3], [3])?;
    /// let tensor = CpuTensor::from_view(&view)?;
    /// assert_eq!(tensor.as_slice::<i64>(), Some(&[1, 2, 3][..]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the view's bytes cannot be read, or do not fit in memory: an expanded view can be of any size.
    pub fn from_view(view: &TensorView<'_>) -> Result<Self, StorageError> {
        let nbytes = view.nbytes();
        let bytes = AlignedBytes::zeroed(nbytes);
        let mut bytes = bytes.ok_or(StorageError::Memory { needed: nbytes })?;
        view.read_into(bytes.as_mut_slice())?;
        let mut tensor = CpuTensor { dtype: view.dtype(), shape: view.shape().clone(), bytes };
        tensor.normalize_bools();
        Ok(tensor)
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The size along each dimension.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        // Checked when the tensor was made.
        self.shape.numel().unwrap_or(0)
    }

    /// The elements in row-major order; `None` where `T` is not the element type
    /// (or the machine is big-endian: elements are kept as files have them).
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if T::DTYPE == self.dtype { T::from_bytes(self.bytes.as_slice()) } else { None }
    }

    /// The elements in row-major order for changing; `None` as for [`as_slice`](Self::as_slice).
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<&mut [T]> {
        if T::DTYPE == self.dtype { T::from_bytes_mut(self.bytes.as_mut_slice()) } else { None }
    }

    /// The elements in row-major order as little-endian bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The bytes for writing, where any byte is part of a value: not for `bool`.
    pub(crate) fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        (self.dtype != DType::Bool).then(|| self.bytes.as_mut_slice())
    }

    /// Overwrites the elements with those of a view of the same element type and as many elements.
    pub(crate) fn copy_bytes_from(&mut self, view: &TensorView<'_>) -> Result<(), StorageError> {
        view.read_into(self.bytes.as_mut_slice())?;
        self.normalize_bools();
        Ok(())
    }

    /// Makes every byte of a `bool` tensor 0 or 1: a file's need not be, a Rust `bool` must.
    fn normalize_bools(&mut self) {
        if self.dtype == DType::Bool {
            self.bytes.as_mut_slice().iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }
    }
}

impl fmt::Debug for CpuTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuTensor({} {})", self.dtype, self.shape)
    }
}

/// Bytes on a 64-byte boundary, as PyTorch's own allocator gives them: any element type, and any
/// vector instruction, may be used on them.
#[derive(Clone)]
struct AlignedBytes {
    lines: Vec<Line>,
    len: usize,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

// SAFETY: `Line` is a plain array of bytes: no padding (its size is its alignment), no invalid
// pattern, no pointers; all zeros is a value.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above, and it is `Copy` and 'static.
unsafe impl bytemuck::Pod for Line {}

impl AlignedBytes {
    /// Zeros; `None` where there is no memory for them.
    fn zeroed(len: usize) -> Option<Self> {
        let lines = try_zeroed_vec(len.div_ceil(size_of::<Line>())).ok()?;
        Some(AlignedBytes { lines, len })
    }

    fn as_slice(&self) -> &[u8] {
        &bytemuck::must_cast_slice(&self.lines)[..self.len]
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut bytemuck::must_cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl PartialEq for AlignedBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_aligned_and_exactly_as_many() {
        for len in [0usize, 1, 63, 64, 65, 1000] {
            let tensor = CpuTensor::zeros(DType::U8, [len]);
            assert_eq!(tensor.bytes().len(), len);
            assert_eq!(tensor.bytes().as_ptr().addr() % 64, 0);
        }
    }

    #[test]
    fn a_bool_tensor_is_only_ever_true_or_false() {
        let view = TensorView::from_bytes(vec![0, 1, 2, 255], DType::Bool, [4]).unwrap();
        let tensor = CpuTensor::from_view(&view).unwrap();
        assert_eq!(tensor.as_slice::<bool>(), Some(&[false, true, true, true][..]));
        assert_eq!(tensor.bytes(), [0, 1, 1, 1]);
    }

    #[test]
    fn a_slice_of_another_type_is_none() {
        let mut tensor = CpuTensor::zeros(DType::F32, [2]);
        assert!(tensor.as_slice::<i32>().is_none());
        assert!(tensor.as_mut_slice::<f64>().is_none());
    }

    #[test]
    fn a_scalar_has_no_dimensions() {
        let tensor = CpuTensor::scalar(7i64);
        assert_eq!(tensor.shape(), &[]);
        assert_eq!(tensor.as_slice::<i64>(), Some(&[7][..]));
    }
}
