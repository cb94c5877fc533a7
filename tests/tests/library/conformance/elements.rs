//! The tensor types of this crate, tested with its own suite.

use std::any::Any;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use half::{bf16, f16};
use statedict::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut};
use statedict::tensor::{Element, Shape};
use statedict::testing::{Property, Subject, assert_conformance, conformance, shapes};
use statedict::{CpuTensor, DType, TensorView};

fn view(dtype: DType, shape: &[usize], bytes: &[u8]) -> TensorView<'static> {
    TensorView::from_bytes(bytes.to_vec(), dtype, shape).unwrap()
}

struct Cpu;

impl Subject for Cpu {
    type Tensor = CpuTensor;

    fn dtypes(&self) -> Vec<DType> {
        DType::all().filter(|dtype| !dtype.is_quantized()).collect()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> CpuTensor {
        CpuTensor::from_view(&view(dtype, shape, bytes)).unwrap()
    }

    fn bytes(&self, tensor: &CpuTensor) -> Vec<u8> {
        tensor.bytes().to_vec()
    }

    fn adopts(&self) -> Vec<DType> {
        DType::all().collect()
    }
}

conformance!(cpu_tensor, Cpu);

/// Vectors, boxed slices and numbers: their element type is that of the Rust type.
struct Vectors<T>(T);

macro_rules! subject_of_elements {
    ($subject:ident, $type:ty, $fits:expr, $new:expr, $elements:expr) => {
        impl<T: Element> Subject for $subject<T>
        where
            $type: TensorMut,
        {
            type Tensor = $type;

            fn dtypes(&self) -> Vec<DType> {
                vec![T::DTYPE]
            }

            fn shapes(&self) -> Vec<Shape> {
                let fits: fn(&Shape) -> bool = $fits;
                shapes().into_iter().filter(fits).collect()
            }

            fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> $type {
                let new: fn(Vec<T>) -> $type = $new;
                new(view(dtype, shape, bytes).to_vec().unwrap())
            }

            fn bytes(&self, tensor: &$type) -> Vec<u8> {
                let elements: fn(&$type) -> Vec<T> = $elements;
                let elements = elements(tensor);
                let shape = [elements.len()];
                TensorView::from_vec(elements, shape).unwrap().bytes().unwrap().into_owned()
            }
        }
    };
}

struct Boxes<T>(T);
struct Borrowed<T>(T);
struct Owned<T>(T);
struct Deques<T>(T);
struct Scalars<T>(T);

subject_of_elements!(Vectors, Vec<T>, |shape| shape.len() == 1, |v| v, |v| v.clone());
subject_of_elements!(Boxes, Box<[T]>, |shape| shape.len() == 1, Vec::into_boxed_slice, |v| v
    .to_vec());
subject_of_elements!(Owned, Cow<'static, [T]>, |shape| shape.len() == 1, Cow::Owned, |v| v
    .to_vec());
subject_of_elements!(
    Borrowed,
    Cow<'static, [T]>,
    |shape| shape.len() == 1,
    |v| Cow::Borrowed(v.leak()),
    |v| v.to_vec()
);
// Its elements lie in two pieces, where there are several.
subject_of_elements!(
    Deques,
    VecDeque<T>,
    |shape| shape.len() == 1,
    |v| {
        let (front, back) = v.split_at(v.len() / 2);
        let mut deque: VecDeque<T> = VecDeque::with_capacity(v.len());
        deque.extend(back);
        front.iter().rev().for_each(|element| deque.push_front(*element));
        deque
    },
    |v| v.iter().copied().collect()
);
subject_of_elements!(Scalars, T, |shape| shape.is_empty(), |v| v[0], |v| vec![*v]);

conformance!(vec_of_f32, Vectors(0f32));
conformance!(vec_of_bool, Vectors(false));
conformance!(boxed_slice_of_bf16, Boxes(bf16::ZERO));
conformance!(owned_cow_of_f32, Owned(0f32));
conformance!(borrowed_cow_of_f32, Borrowed(0f32));
conformance!(borrowed_cow_of_bool, Borrowed(false));
conformance!(deque_of_f32, Deques(0f32));
conformance!(deque_of_bool, Deques(false));
conformance!(number_i64, Scalars(0i64));
conformance!(number_bool, Scalars(false));

#[test]
fn vectors_and_numbers_of_every_element_type() {
    macro_rules! all {
        ($($element:expr),*) => {$(
            assert_conformance(&Vectors($element));
            assert_conformance(&Scalars($element));
        )*};
    }
    all!(0f64, f16::ZERO, bf16::ZERO, 0i64, 0i32, 0i16, 0i8, 0u64, 0u32, 0u16, 0u8);
}

#[test]
fn vectors_and_numbers_of_complex_elements() {
    use num_complex::Complex;

    assert_conformance(&Vectors(Complex::new(0f64, 0.0)));
    assert_conformance(&Scalars(Complex::new(0f32, 0.0)));
    assert_conformance(&Vectors(Complex::new(f16::ZERO, f16::ZERO)));
    assert_conformance(&Scalars(Complex::new(bf16::ZERO, bf16::ZERO)));
}

/// Arrays of arrays have one shape only.
struct Arrays;

impl Subject for Arrays {
    type Tensor = [[f32; 3]; 2];

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32]
    }

    fn shapes(&self) -> Vec<Shape> {
        vec![[2, 3].into()]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        let elements = view(dtype, shape, bytes).to_vec::<f32>().unwrap();
        [0, 3].map(|start| elements[start..start + 3].try_into().unwrap())
    }

    fn bytes(&self, tensor: &Self::Tensor) -> Vec<u8> {
        tensor.as_flattened().iter().flat_map(|element| element.to_le_bytes()).collect()
    }
}

conformance!(array_of_arrays, Arrays);

/// A sequence of arrays has any length.
struct Rows;

impl Subject for Rows {
    type Tensor = Vec<[f32; 3]>;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32]
    }

    fn shapes(&self) -> Vec<Shape> {
        vec![[0, 3].into(), [1, 3].into(), [5, 3].into()]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        let elements = view(dtype, shape, bytes).to_vec::<f32>().unwrap();
        elements.chunks_exact(3).map(|row| row.try_into().unwrap()).collect()
    }

    fn bytes(&self, tensor: &Self::Tensor) -> Vec<u8> {
        tensor.as_flattened().iter().flat_map(|element| element.to_le_bytes()).collect()
    }
}

conformance!(vec_of_arrays, Rows);

/// The same of arrays of arrays, whose elements are written one by one, in a box.
struct BoxedRows;

impl Subject for BoxedRows {
    type Tensor = Box<[[[bool; 2]; 3]]>;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::Bool]
    }

    fn shapes(&self) -> Vec<Shape> {
        vec![[0, 3, 2].into(), [4, 3, 2].into()]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        let elements = view(dtype, shape, bytes).to_vec::<bool>().unwrap();
        let pairs: Vec<[bool; 2]> =
            elements.chunks_exact(2).map(|pair| pair.try_into().unwrap()).collect();
        pairs.chunks_exact(3).map(|row| row.try_into().unwrap()).collect()
    }

    fn bytes(&self, tensor: &Self::Tensor) -> Vec<u8> {
        tensor.iter().flatten().flatten().map(|element| u8::from(*element)).collect()
    }
}

conformance!(boxed_slice_of_arrays, BoxedRows);

/// A box is the tensor in it, which is tested by itself with more types and shapes.
struct Boxed<S>(S);

impl<S: Subject> Subject for Boxed<S> {
    type Tensor = Box<S::Tensor>;

    fn dtypes(&self) -> Vec<DType> {
        self.0
            .dtypes()
            .into_iter()
            .filter(|dtype| [DType::F32, DType::Bool].contains(dtype))
            .collect()
    }

    fn shapes(&self) -> Vec<Shape> {
        self.0.shapes().into_iter().filter(|shape| shape.numel().is_some_and(|n| n < 10)).collect()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        Box::new(self.0.tensor(dtype, shape, bytes))
    }

    fn bytes(&self, tensor: &Self::Tensor) -> Vec<u8> {
        self.0.bytes(tensor)
    }

    fn adopts(&self) -> Vec<DType> {
        self.0.adopts()
    }

    fn handle(&self, tensor: &Self::Tensor) -> Option<Self::Tensor> {
        self.0.handle(tensor).map(Box::new)
    }
}

conformance!(boxed_cpu_tensor, Boxed(Cpu));
conformance!(boxed_array, Boxed(Arrays));
conformance!(boxed_handle, Boxed(Handles));

/// A tensor with handles, as libraries have that count references.
#[derive(Clone)]
struct Handle(Arc<Mutex<CpuTensor>>);

impl Tensor for Handle {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(self.0.lock().unwrap().dtype())
    }

    fn shape(&self) -> Shape {
        self.0.lock().unwrap().shape().clone()
    }

    fn storage_id(&self) -> Option<StorageId> {
        Some(StorageId::from_address(Arc::as_ptr(&self.0)))
    }

    fn adopts(&self, _: DType) -> bool {
        true
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        sink(self.0.lock().unwrap().bytes())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl TensorMut for Handle {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        self.0.lock().unwrap().copy_(source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        self.0 = Arc::new(Mutex::new(CpuTensor::from_view(&source)?));
        Ok(())
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let first = first.as_any().and_then(|first| first.downcast_ref::<Handle>());
        first.inspect(|first| self.0 = Arc::clone(&first.0)).is_some()
    }
}

struct Handles;

impl Subject for Handles {
    type Tensor = Handle;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32, DType::Bool, DType::C64]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Handle {
        Handle(Arc::new(Mutex::new(Cpu.tensor(dtype, shape, bytes))))
    }

    fn bytes(&self, tensor: &Handle) -> Vec<u8> {
        tensor.0.lock().unwrap().bytes().to_vec()
    }

    fn handle(&self, tensor: &Handle) -> Option<Handle> {
        Some(tensor.clone())
    }

    fn adopts(&self) -> Vec<DType> {
        DType::all().collect()
    }
}

conformance!(handles, Handles);

#[test]
fn each_property_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Property::ALL.iter().map(|property| property.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Property::ALL.len());
    assert_eq!(Property::DTypeAndShape.to_string(), "dtype_and_shape");
}
