//! The size of a tensor along each dimension.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

/// The shape of a tensor: its size along each dimension, as `torch.Size`.
///
/// It dereferences to a slice; a 0-dim tensor (a single element) has the empty shape.
///
/// ```
/// use statedict::tensor::Shape;
///
/// let shape = Shape::from([16, 3, 3, 3]);
/// assert_eq!(shape.len(), 4);
/// assert_eq!(shape.numel(), Some(432));
/// assert_eq!(shape.to_string(), "[16, 3, 3, 3]");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// The shape of these sizes, if they are such.
    pub(crate) fn of(sizes: &[i64]) -> Option<Self> {
        let mut shape = SmallVec::with_capacity(sizes.len());
        for &size in sizes {
            shape.push(usize::try_from(size).ok()?);
        }
        Some(Shape(shape))
    }

    /// Adds a dimension after the others.
    pub(crate) fn push(&mut self, size: usize) {
        self.0.push(size);
    }

    /// The number of elements, or `None` where it does not fit in a `usize`
    /// (a file may claim any shape).
    pub fn numel(&self) -> Option<usize> {
        // A zero anywhere makes the product zero, whatever the other sizes claim.
        if self.0.contains(&0) {
            return Some(0);
        }
        self.0.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }

    /// The strides, in elements, of a row-major tensor of this shape, by PyTorch's rule:
    /// a dimension of size 0 counts as one of size 1. `None` where they do not fit.
    pub fn contiguous_strides(&self) -> Option<Strides> {
        let mut strides = SmallVec::from_elem(1isize, self.0.len());
        let mut next = 1isize;
        for (stride, &size) in strides.iter_mut().zip(&self.0).rev() {
            *stride = next;
            next = next.checked_mul(isize::try_from(size.max(1)).ok()?)?;
        }
        Some(Strides(strides))
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape(SmallVec::from_slice(sizes))
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        Shape(SmallVec::from_slice(&sizes))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Self {
        Shape(SmallVec::from_vec(sizes))
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Self {
        Shape(sizes.into_iter().collect())
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        self.0.as_slice() == other
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self.0.as_slice() == other
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_slice(), f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_slice(), f)
    }
}

/// The step of a tensor along each dimension, in elements of its storage, as `Tensor.stride()`.
///
/// Zero (an expanded dimension) and overlapping steps are ordinary; negative ones do not exist in
/// PyTorch and are refused where a tensor is made.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Strides(SmallVec<[isize; 4]>);

impl Deref for Strides {
    type Target = [isize];

    fn deref(&self) -> &[isize] {
        &self.0
    }
}

impl From<&[isize]> for Strides {
    fn from(steps: &[isize]) -> Self {
        Strides(SmallVec::from_slice(steps))
    }
}

impl FromIterator<isize> for Strides {
    fn from_iter<I: IntoIterator<Item = isize>>(steps: I) -> Self {
        Strides(steps.into_iter().collect())
    }
}

impl fmt::Debug for Strides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_slice(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_follow_torch_for_empty_dimensions() {
        // torch.zeros(2, 0, 3).stride() == (3, 3, 1)
        assert_eq!(&*Shape::from([2, 0, 3]).contiguous_strides().unwrap(), [3, 3, 1]);
        assert_eq!(&*Shape::from([]).contiguous_strides().unwrap(), [0isize; 0]);
    }

    #[test]
    fn a_claimed_shape_never_overflows() {
        assert_eq!(Shape::from([usize::MAX, 2]).numel(), None);
        assert_eq!(Shape::from([usize::MAX, 2, 0]).numel(), Some(0));
        assert!(Shape::from([1, usize::MAX]).contiguous_strides().is_none());
    }
}
