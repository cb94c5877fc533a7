//! Sources to copy from: of every layout, and from storages that have to be read first.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use crate::dtype::DType;
use crate::tensor::{Shape, Storage, StorageError, Storages, Strides, TensorView};
use crate::testing::elements::elements;
use crate::testing::erased::{Leaf, Subjects};

/// Every element type with every shape of a subject, and a number for each.
pub(super) fn cases(subject: &dyn Subjects) -> impl Iterator<Item = Case> + use<> {
    let shapes = subject.all_shapes();
    let cases = subject
        .all_dtypes()
        .into_iter()
        .flat_map(move |dtype| shapes.clone().into_iter().map(move |shape| (dtype, shape)));
    cases.zip(0..).map(|((dtype, shape), seed)| Case { dtype, shape, seed })
}

/// An element type and a shape.
pub(super) struct Case {
    pub(super) dtype: DType,
    pub(super) shape: Shape,
    seed: u64,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.dtype, self.shape)
    }
}

impl Case {
    pub(super) fn numel(&self) -> usize {
        self.shape.iter().product()
    }

    /// Elements for this case, different for each `which`.
    pub(super) fn elements(&self, which: u64) -> Vec<u8> {
        elements(self.dtype, self.numel(), self.seed * 16 + which)
    }

    /// A tensor of the subject with these elements.
    pub(super) fn tensor<'s>(
        &self,
        subject: &'s dyn Subjects,
        bytes: &[u8],
    ) -> Box<dyn Leaf<'s> + 's> {
        subject.make(self.dtype, &self.shape, bytes)
    }

    /// A view of these elements.
    pub(super) fn view(&self, bytes: Vec<u8>) -> TensorView<'static> {
        contiguous(self.dtype, &self.shape, bytes)
    }

    /// Views of this type and shape in many layouts, each with its name and the bytes of its elements.
    pub(super) fn sources(&self) -> Vec<(&'static str, TensorView<'static>, Vec<u8>)> {
        let mut sources = Vec::new();
        let (dtype, shape, numel) = (self.dtype, &self.shape, self.numel());
        let steps = |row_major: &[usize]| -> Vec<usize> {
            let mut step = 1;
            let mut steps: Vec<usize> = row_major
                .iter()
                .rev()
                .map(|&size| {
                    let next = step * size.max(1);
                    std::mem::replace(&mut step, next)
                })
                .collect();
            steps.reverse();
            steps
        };
        let rows = steps(shape);
        let mut add = |name, offset: usize, strides: Vec<usize>, lent| {
            let last: usize = strides
                .iter()
                .zip(shape.iter())
                .map(|(step, size)| step * size.saturating_sub(1))
                .sum();
            let storage = elements(dtype, offset + last + 3, self.seed * 16 + 5);
            let expected = gathered(&storage, dtype.size(), offset, shape, &strides);
            let storage = match lent {
                true => Storage::from_bytes(storage),
                false => Storage::new(Arc::new(Unmapped(storage)), 0),
            };
            let strides: Strides = strides.iter().map(|&step| step.cast_signed()).collect();
            if let Ok(view) = TensorView::strided(storage, dtype, shape.clone(), strides, offset) {
                sources.push((name, view, expected));
            }
        };
        add("a part of a larger storage", 3, rows.clone(), true);
        add("a part of a storage that has to be read", 2, rows.clone(), false);
        let columns: Vec<usize> = {
            let reversed: Vec<usize> = shape.iter().rev().copied().collect();
            steps(&reversed).into_iter().rev().collect()
        };
        add("a transposed source", 0, columns.clone(), true);
        add("a transposed source that has to be read", 1, columns, false);
        // Every third element only; of a long tensor this would be a large storage.
        if numel < 10_000 {
            add("a stepped source", 1, rows.iter().map(|step| step * 3).collect(), true);
        }
        add("an expanded source", 2, vec![0; shape.len()], true);
        sources
    }
}

/// A view of elements in row-major order.
pub(super) fn contiguous(dtype: DType, shape: &Shape, bytes: Vec<u8>) -> TensorView<'static> {
    match TensorView::from_bytes(bytes, dtype, shape.clone()) {
        Ok(view) => view,
        Err(error) => unreachable!("the bytes are as many as the shape has: {error}"),
    }
}

/// The elements that a view selects, index by index.
fn gathered(
    bytes: &[u8],
    size: usize,
    offset: usize,
    shape: &[usize],
    strides: &[usize],
) -> Vec<u8> {
    let numel: usize = shape.iter().product();
    let mut out = Vec::with_capacity(numel * size);
    for linear in 0..numel {
        let (mut rest, mut at) = (linear, offset);
        for (&extent, step) in shape.iter().zip(strides).rev() {
            at += rest % extent * step;
            rest /= extent;
        }
        out.extend(bytes.iter().skip(at * size).take(size));
    }
    out
}

/// Bytes that nobody can borrow, like a file that is not mapped.
struct Unmapped(Vec<u8>);

impl Storages for Unmapped {
    fn nbytes(&self, _: u32) -> usize {
        self.0.len()
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        Ok(Cow::Owned(self.0.clone()))
    }
}

/// Bytes that cannot be read.
pub(super) struct Unreadable(pub(super) usize);

impl Unreadable {
    /// The error of reading them.
    pub(super) const CAUSE: &str = "the disk was unplugged";
}

impl Storages for Unreadable {
    fn nbytes(&self, _: u32) -> usize {
        self.0
    }

    fn bytes(&self, _: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        let source = io::Error::other(Unreadable::CAUSE);
        Err(StorageError::Io { member: "data/0".to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_view_is_gathered_by_columns() {
        let bytes: Vec<u8> = (0..6).collect();
        assert_eq!(gathered(&bytes, 1, 0, &[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(gathered(&bytes, 2, 1, &[2], &[0]), [2, 3, 2, 3]);
        assert_eq!(gathered(&bytes, 1, 4, &[], &[]), [4]);
    }

    /// The expectation and the view are two ways to the same elements.
    #[test]
    fn the_views_have_the_elements_that_are_expected() {
        for shape in crate::testing::shapes() {
            let case = Case { dtype: DType::I16, shape, seed: 1 };
            let sources = case.sources();
            assert!(sources.len() >= 5, "{case}");
            for (name, view, expected) in sources {
                assert_eq!(&*view.bytes().unwrap(), expected, "{case}: {name}");
            }
        }
    }
}
