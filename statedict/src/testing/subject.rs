//! What the tests need to know of a tensor type.

use crate::dtype::DType;
use crate::leaf::TensorMut;
use crate::tensor::Shape;

/// A tensor type under test: how to make one and how to look into it without the traits that are
/// being tested, and what it can hold.
///
/// The methods that have a default are for what only some libraries have: override them where yours
/// does, so that it is tested.
pub trait Subject {
    /// The type that implements [`Tensor`](crate::leaf::Tensor) and [`TensorMut`].
    type Tensor: TensorMut + 'static;

    /// The element types it can hold: one, where the Rust type fixes it.
    fn dtypes(&self) -> Vec<DType>;

    /// The shapes to test with. Where a type cannot have all of the default's, filter these, or
    /// give the ones it can have; `[2, 3]` is the only one of `[[f32; 3]; 2]`.
    fn shapes(&self) -> Vec<Shape> {
        shapes()
    }

    /// A tensor with these elements, which are given in row-major order as little-endian bytes.
    /// `dtype` and `shape` are among those above.
    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor;

    /// The elements of `tensor` in the same form, read in the library's own way.
    fn bytes(&self, tensor: &Self::Tensor) -> Vec<u8>;

    /// As [`tensor`](Self::tensor), but one whose elements are not in row-major order in memory, or
    /// have others between them; `None` where the library has no such tensors of this shape.
    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Self::Tensor> {
        let _ = (dtype, shape, bytes);
        None
    }

    /// Another handle of the same tensor, where the library has them: what is written into one is
    /// seen in the other, and a load keeps it so (see [`TensorMut::share`]). `None` where a clone has
    /// elements of its own, or shares them only until one is written.
    fn handle(&self, tensor: &Self::Tensor) -> Option<Self::Tensor> {
        let _ = tensor;
        None
    }

    /// The element types that [`TensorMut::assign`] takes, besides the tensor's own.
    fn adopts(&self) -> Vec<DType> {
        Vec::new()
    }

    /// Returns the location of the tensors, as PyTorch calls it: `"cpu"`, `"cuda:0"`.
    fn location(&self) -> String {
        "cpu".to_owned()
    }
}

/// The shapes that tensors are tested with: no dimensions, no elements, many dimensions, dimensions
/// of one, and more elements than fit into a buffer.
///
/// ```
/// let vectors = statedict::testing::shapes().into_iter().filter(|shape| shape.len() == 1);
/// assert!(vectors.count() >= 3);
/// ```
pub fn shapes() -> Vec<Shape> {
    let shapes: &[&[usize]] = &[
        &[],
        &[1],
        &[5],
        &[0],
        &[70_001],
        &[2, 3],
        &[1, 4],
        &[0, 3],
        &[3, 0],
        &[301, 257],
        &[2, 3, 4],
        &[2, 0, 3],
        &[3, 2, 2, 3],
        &[2, 1, 2, 3, 2],
        &[1, 2, 1, 3, 1, 2],
    ];
    shapes.iter().map(|&shape| shape.into()).collect()
}
