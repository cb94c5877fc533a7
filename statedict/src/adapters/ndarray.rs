//! ndarray's arrays as leaves (feature `ndarray`): `Array`, `ArcArray`, `CowArray` and `ArrayViewMut`;
//! `ArrayView` for reading.
//!
//! Their memory may have any layout; files are row-major, so an array that is not is written and
//! read element by element. None says that it shares its elements: an `ArcArray` does only until
//! one of its clones is written, which is no tie, and of two views that can be written at once,
//! neither sees the other's elements.

use ndarray::{ArrayBase, ArrayRef, ArrayView, Data, DataMut, Dimension, IxDyn};

use crate::dtype::DType;
use crate::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable, check_copy};
use crate::tensor::{Element, Shape, TensorView, to_le_bytes};

/// How many elements of an array of another layout are handed on at a time.
const RUN: usize = 8 << 10;

impl<T: Element, S: Data<Elem = T>, D: Dimension> Tensor for ArrayBase<S, D> {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(T::DTYPE)
    }

    fn shape(&self) -> Shape {
        Shape::from(ArrayBase::shape(self))
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Ok(Writable::Certainly)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        T::as_bytes(self.as_slice()?)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let mut run = Vec::with_capacity(RUN.min(self.len()));
        // `iter` goes in row-major order, whatever the layout.
        for &element in self {
            run.push(element);
            if run.len() == RUN {
                sink(&to_le_bytes(&run))?;
                run.clear();
            }
        }
        sink(&to_le_bytes(&run))
    }
}

impl<T: Element, S: DataMut<Elem = T>, D: Dimension> TensorMut for ArrayBase<S, D> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        let elements = source.to_vec::<T>().map_err(|error| TensorError::Library(error.into()))?;
        let view = ArrayView::from_shape(IxDyn(source.shape()), &elements)
            .map_err(|error| TensorError::Library(error.into()))?;
        let view =
            view.into_dimensionality::<D>().map_err(|error| TensorError::Library(error.into()))?;
        // Not `TensorMut::assign`, which replaces a tensor.
        ArrayRef::assign(self, &view);
        Ok(())
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        T::as_bytes_mut(self.as_slice_mut()?)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array0, Array2, arr2};

    use super::*;

    fn bytes(tensor: &dyn Tensor) -> Vec<u8> {
        let mut bytes = Vec::new();
        let sink = &mut |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        tensor.with_bytes(sink).unwrap();
        bytes
    }

    #[test]
    fn a_column_major_array_is_written_and_read_in_row_major_order() {
        let rows = arr2(&[[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let mut columns = Array2::<f32>::zeros((3, 2)).reversed_axes();
        assert!(columns.host_bytes().is_none());
        let view = TensorView::from_vec(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]).unwrap();
        columns.copy_(&view).unwrap();
        assert_eq!(columns, rows);
        assert_eq!(bytes(&columns), bytes(&rows));
        assert_eq!(bytes(&rows), rows.host_bytes().unwrap());
    }

    #[test]
    fn a_long_array_of_another_layout_is_whole() {
        let columns = Array2::from_shape_fn((3, RUN), |(i, j)| i64::try_from(i * RUN + j).unwrap())
            .reversed_axes();
        let columns = columns.as_standard_layout().into_owned().reversed_axes();
        let expected: Vec<i64> = columns.iter().copied().collect();
        assert_eq!(bytes(&columns), *to_le_bytes(&expected));
    }

    #[test]
    fn a_zero_dimensional_array_is_a_scalar() {
        let mut scalar = Array0::<i64>::zeros(());
        assert_eq!(Tensor::shape(&scalar), []);
        scalar.copy_(&TensorView::from_vec(vec![7i64], []).unwrap()).unwrap();
        assert_eq!(scalar.into_scalar(), 7);
    }
}
