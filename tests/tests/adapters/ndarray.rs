//! ndarray's arrays, tested with the suite: owned, shared until written, and views.

use std::cell::RefCell;

use ndarray::{
    ArcArray, ArcArray2, Array2, ArrayD, ArrayViewMut2, ArrayViewMutD, IxDyn, ShapeBuilder, Slice,
    arr2, s,
};
use statedict::testing::{Subject, assert_conformance, conformance, shapes};
// Not the prelude: its `TensorMut::assign` hides that of arrays.
use statedict::tensor::{Element, Shape};
use statedict::{DType, StateDict, StateDictExt, StateMap, TensorView};

fn elements<T: Element>(dtype: DType, shape: &[usize], bytes: &[u8]) -> Vec<T> {
    TensorView::from_bytes(bytes.to_vec(), dtype, shape).unwrap().to_vec().unwrap()
}

fn array<T: Element>(dtype: DType, shape: &[usize], bytes: &[u8]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(shape), elements(dtype, shape, bytes)).unwrap()
}

fn bytes<'e, T: Element>(elements: impl Iterator<Item = &'e T>) -> Vec<u8> {
    let elements: Vec<T> = elements.copied().collect();
    let shape = [elements.len()];
    TensorView::from_vec(elements, shape).unwrap().bytes().unwrap().into_owned()
}

/// The same elements, every second of a larger array in column-major order.
fn sparse<T: Element>(array: &ArrayD<T>) -> ArrayD<T> {
    let wide: Vec<usize> = array.shape().iter().map(|size| size * 2).collect();
    let mut whole = ArrayD::from_elem(IxDyn(&wide).f(), T::default());
    whole.slice_each_axis_mut(|_| Slice::new(0, None, 2)).assign(array);
    whole.slice_each_axis_inplace(|_| Slice::new(0, None, 2));
    whole
}

/// `Array` with any number of dimensions.
struct Owned<T>(T);

impl<T: Element> Subject for Owned<T> {
    type Tensor = ArrayD<T>;

    fn dtypes(&self) -> Vec<DType> {
        vec![T::DTYPE]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> ArrayD<T> {
        array(dtype, shape, bytes)
    }

    fn bytes(&self, array: &ArrayD<T>) -> Vec<u8> {
        bytes(array.iter())
    }

    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<ArrayD<T>> {
        Some(sparse(&array(dtype, shape, bytes)))
    }
}

conformance!(array_of_f32, Owned(0f32));
conformance!(array_of_bool, Owned(false));

#[test]
fn arrays_of_other_element_types() {
    assert_conformance(&Owned(half::bf16::ZERO));
    assert_conformance(&Owned(0i64));
    assert_conformance(&Owned(0u16));
}

/// A clone, and the elements it had.
type KeptClone = (ArcArray<f64, IxDyn>, Vec<u8>);

/// `ArcArray`. Each tensor has a clone that shares its memory, so every write has to part from it.
#[derive(Default)]
struct Shared {
    clones: RefCell<Vec<KeptClone>>,
}

impl Subject for Shared {
    type Tensor = ArcArray<f64, IxDyn>;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F64]
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        let array = array(dtype, shape, bytes).into_shared();
        self.clones.borrow_mut().push((array.clone(), bytes.to_vec()));
        array
    }

    fn bytes(&self, array: &Self::Tensor) -> Vec<u8> {
        bytes(array.iter())
    }

    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Self::Tensor> {
        let array = sparse(&array(dtype, shape, bytes)).into_shared();
        self.clones.borrow_mut().push((array.clone(), bytes.to_vec()));
        Some(array)
    }
}

conformance!(arc_array, Shared::default());

#[test]
fn a_clone_of_an_arc_array_keeps_its_elements() {
    let subject = Shared::default();
    assert_conformance(&subject);
    let clones = subject.clones.into_inner();
    assert!(clones.len() > 100);
    for (array, before) in clones {
        assert_eq!(bytes(array.iter()), before);
    }
}

/// Views of memory that belongs to somebody else: written in place, and seen there.
struct Views;

impl Subject for Views {
    type Tensor = ArrayViewMutD<'static, f32>;

    fn dtypes(&self) -> Vec<DType> {
        vec![DType::F32]
    }

    fn shapes(&self) -> Vec<Shape> {
        // The owners are leaked, so small ones only.
        shapes().into_iter().filter(|shape| shape.numel() < Some(1000)).collect()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Self::Tensor {
        Box::leak(Box::new(array(dtype, shape, bytes))).view_mut()
    }

    fn bytes(&self, view: &Self::Tensor) -> Vec<u8> {
        bytes(view.iter())
    }

    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Self::Tensor> {
        Some(Box::leak(Box::new(sparse(&array(dtype, shape, bytes)))).view_mut())
    }
}

conformance!(array_view_mut, Views);

/// A model may borrow its arrays: what is loaded is seen in them.
#[test]
fn a_model_of_views_is_loaded_into_the_arrays_it_borrows() {
    #[derive(StateDict)]
    struct Borrowed<'w> {
        #[param]
        weight: ArrayViewMut2<'w, f32>,
        #[param]
        shared: ArcArray2<i64>,
    }

    let mut owner = Array2::<f32>::zeros((2, 4));
    let shared = ArcArray2::<i64>::zeros((1, 2));
    let mut model = Borrowed { weight: owner.slice_mut(s![.., 1..3]), shared: shared.clone() };
    let mut map = StateMap::new();
    let weight = TensorView::from_vec(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2]).unwrap();
    map.insert("weight", weight.transpose(0, 1).unwrap());
    map.insert("shared", TensorView::from_vec(vec![5i64, 6], [1, 2]).unwrap());
    model.load_state_dict(&map).unwrap();
    assert_eq!(model.shared, arr2(&[[5, 6]]));
    assert_eq!(owner, arr2(&[[0.0, 1.0, 3.0, 0.0], [0.0, 2.0, 4.0, 0.0]]));
    assert_eq!(shared, arr2(&[[0, 0]]));
}
