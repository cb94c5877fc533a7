//! Plain Rust values as tensors: numbers, sequences, arrays, [`CpuTensor`], and boxes of tensors.

use std::any::Any;
use std::borrow::Cow;
use std::collections::VecDeque;

use crate::dtype::DType;
use crate::leaf::{
    ByteSink, Nested, StorageId, Tensor, TensorError, TensorMut, Writable, check_copy,
};
use crate::tensor::{CpuTensor, Element, Shape, TensorView, to_le_bytes};

impl Tensor for CpuTensor {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(CpuTensor::dtype(self))
    }

    fn shape(&self) -> Shape {
        CpuTensor::shape(self).clone()
    }

    fn adopts(&self, _: DType) -> bool {
        true
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Ok(Writable::Certainly)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        Some(self.bytes())
    }
}

impl TensorMut for CpuTensor {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        Ok(self.copy_bytes_from(source)?)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        *self = CpuTensor::from_view(&source)?;
        Ok(())
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.bytes_mut()
    }
}

/// Overwrites `elements`, which hold a tensor of `source`'s type and shape.
fn copy_elements<T: Element>(
    elements: &mut [T],
    source: &TensorView<'_>,
) -> Result<(), TensorError> {
    match T::as_bytes_mut(elements) {
        Some(bytes) => source.read_into(bytes)?,
        None => {
            let bytes = source.bytes()?;
            for (element, bytes) in elements.iter_mut().zip(bytes.chunks_exact(size_of::<T>())) {
                *element = T::read_le(bytes);
            }
        }
    }
    Ok(())
}

impl<T: Nested, const N: usize> Nested for [T; N] {
    type Element = T::Element;

    fn sizes(shape: &mut Shape) {
        shape.push(N);
        T::sizes(shape);
    }

    fn flatten(values: &[Self]) -> &[Self::Element] {
        T::flatten(values.as_flattened())
    }

    fn flatten_mut(values: &mut [Self]) -> &mut [Self::Element] {
        T::flatten_mut(values.as_flattened_mut())
    }
}

/// The two tensor traits of a type whose elements are a slice.
macro_rules! slice_tensor {
    ([$($generics:tt)*] $type:ty, $element:ty, |$this:ident| $shape:expr, $elements:expr, $elements_mut:expr) => {
        impl<$($generics)*> Tensor for $type {
            fn dtype(&self) -> Result<DType, TensorError> {
                Ok(<$element as Element>::DTYPE)
            }

            fn shape(&self) -> Shape {
                let shape: fn(&Self) -> Shape = |$this| $shape;
                shape(self)
            }

            fn writable(&self) -> Result<Writable, TensorError> {
                Ok(Writable::Certainly)
            }

            fn host_bytes(&self) -> Option<&[u8]> {
                let $this = self;
                Element::as_bytes($elements)
            }

            fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
                let $this = self;
                sink(&to_le_bytes($elements))
            }
        }

        impl<$($generics)*> TensorMut for $type {
            fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
                check_copy(self, source)?;
                let $this = self;
                copy_elements($elements_mut, source)
            }

            fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
                let $this = self;
                Element::as_bytes_mut($elements_mut)
            }
        }
    };
}

/// A number is a 0-dim tensor: `#[buffer] num_batches_tracked: i64`.
macro_rules! scalars {
    ($($number:ty),* $(,)?) => {$(
        slice_tensor!([] $number, $number, |_this| Shape::default(),
            std::slice::from_ref(_this), std::slice::from_mut(_this));

        impl Nested for $number {
            type Element = $number;

            fn sizes(_: &mut Shape) {}

            fn flatten(values: &[Self]) -> &[Self] {
                values
            }

            fn flatten_mut(values: &mut [Self]) -> &mut [Self] {
                values
            }
        }
    )*};
}

scalars!(f64, f32, half::f16, half::bf16, i64, i32, i16, i8, u64, u32, u16, u8, bool);

#[cfg(feature = "num-complex-0_4")]
scalars!(
    num_complex::Complex<f64>,
    num_complex::Complex<f32>,
    num_complex::Complex<half::f16>,
    num_complex::Complex<half::bf16>,
);

// A sequence is a 1-dim tensor whose length is fixed once it is part of a model.
slice_tensor!([T: Element] Vec<T>, T, |this| Shape::from([this.len()]), this.as_slice(), this.as_mut_slice());
slice_tensor!([T: Element] Box<[T]>, T, |this| Shape::from([this.len()]), &**this, &mut **this);
// What is borrowed is cloned when it is written.
slice_tensor!([T: Element] Cow<'_, [T]>, T, |this| Shape::from([this.len()]), &**this, this.to_mut());

// A sequence of arrays has their dimensions after its own.
slice_tensor!([T: Nested, const N: usize] Vec<[T; N]>, T::Element, |this| rows(this), T::flatten(this.as_flattened()),
    T::flatten_mut(this.as_flattened_mut()));
slice_tensor!([T: Nested, const N: usize] Box<[[T; N]]>, T::Element, |this| rows(this), T::flatten(this.as_flattened()),
    T::flatten_mut(this.as_flattened_mut()));

/// The shape of a sequence of arrays.
fn rows<T: Nested>(rows: &[T]) -> Shape {
    let mut shape = Shape::from([rows.len()]);
    T::sizes(&mut shape);
    shape
}

/// A 1-dim tensor; its elements lie in two pieces of memory until it is written.
impl<T: Element> Tensor for VecDeque<T> {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(T::DTYPE)
    }

    fn shape(&self) -> Shape {
        Shape::from([self.len()])
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Ok(Writable::Certainly)
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        match self.as_slices() {
            (elements, []) => T::as_bytes(elements),
            _ => None,
        }
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let (front, back) = self.as_slices();
        sink(&to_le_bytes(front))?;
        sink(&to_le_bytes(back))
    }
}

impl<T: Element> TensorMut for VecDeque<T> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        copy_elements(self.make_contiguous(), source)
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        T::as_bytes_mut(self.make_contiguous())
    }
}

/// The tensor in the box.
#[diagnostic::do_not_recommend]
impl<T: Tensor> Tensor for Box<T> {
    fn dtype(&self) -> Result<DType, TensorError> {
        (**self).dtype()
    }

    fn shape(&self) -> Shape {
        (**self).shape()
    }

    fn storage_id(&self) -> Option<StorageId> {
        (**self).storage_id()
    }

    fn location(&self) -> Cow<'_, str> {
        (**self).location()
    }

    fn adopts(&self, dtype: DType) -> bool {
        (**self).adopts(dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        (**self).writable()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        (**self).host_bytes()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        (**self).with_bytes(sink)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        (**self).as_any()
    }
}

#[diagnostic::do_not_recommend]
impl<T: TensorMut> TensorMut for Box<T> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        (**self).copy_(source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        (**self).assign(source)
    }

    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        (**self).host_bytes_mut()
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        (**self).share(first)
    }
}

// An array of arrays is a tensor of as many dimensions.
slice_tensor!([T: Nested, const N: usize] [T; N], T::Element,
    |_this| { let mut shape = Shape::default(); <Self as Nested>::sizes(&mut shape); shape },
    T::flatten(_this), T::flatten_mut(_this));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_the_type() {
        assert_eq!(Tensor::shape(&0i64), []);
        assert_eq!(Tensor::shape(&vec![0f32; 3]), [3]);
        assert_eq!(Tensor::shape(&[[[0u8; 4]; 3]; 2]), [2, 3, 4]);
    }

    #[test]
    fn an_array_is_read_and_written_in_row_major_order() {
        let mut array = [[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let view = TensorView::from_vec(vec![7.0f32, 8.0, 9.0, 10.0, 11.0, 12.0], [2, 3]).unwrap();
        array.copy_(&view).unwrap();
        assert_eq!(array, [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]);
        assert_eq!(array.host_bytes().unwrap(), &*view.bytes().unwrap());
    }

    #[test]
    fn bools_are_written_value_by_value() {
        let mut flags = [true, false, true];
        assert!(flags.host_bytes_mut().is_none());
        let view = TensorView::from_bytes(vec![0, 2, 1], DType::Bool, [3]).unwrap();
        flags.copy_(&view).unwrap();
        assert_eq!(flags, [false, true, true]);
    }

    #[test]
    fn another_type_or_shape_is_refused() {
        let mut vector = vec![0f32; 3];
        let ints = TensorView::from_vec(vec![1i32, 2, 3], [3]).unwrap();
        assert!(matches!(vector.copy_(&ints), Err(TensorError::DType { .. })));
        let short = TensorView::from_vec(vec![1f32, 2.0], [2]).unwrap();
        assert!(matches!(vector.copy_(&short), Err(TensorError::Shape { .. })));
        assert_eq!(vector, [0.0; 3]);
    }
}
