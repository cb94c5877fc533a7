//! burn's tensors, parameters and running states, tested with the suite, of one to six dimensions.

use burn::module::{Param, ParamId, RunningState};
use burn::tensor::kind::Basic;
use burn::tensor::{
    Bool, BoolStore, Bytes, DType as BurnDType, Device, Float, Int, Tensor, TensorData,
};
use statedict::DType;
use statedict::burn::Transposed;
use statedict::leaf::TensorMut;
use statedict::tensor::Shape;
use statedict::testing::{Subject, assert_conformance, conformance, shapes};

const FLOATS: &[DType] = &[DType::F64, DType::F32, DType::F16, DType::BF16];
const INTS: &[DType] =
    &[DType::I64, DType::I32, DType::I16, DType::I8, DType::U64, DType::U32, DType::U16, DType::U8];

fn burn_dtype(dtype: DType) -> BurnDType {
    match dtype {
        DType::F64 => BurnDType::F64,
        DType::F32 => BurnDType::F32,
        DType::F16 => BurnDType::F16,
        DType::BF16 => BurnDType::BF16,
        DType::I64 => BurnDType::I64,
        DType::I32 => BurnDType::I32,
        DType::I16 => BurnDType::I16,
        DType::I8 => BurnDType::I8,
        DType::U64 => BurnDType::U64,
        DType::U32 => BurnDType::U32,
        DType::U16 => BurnDType::U16,
        DType::U8 => BurnDType::U8,
        DType::Bool => BurnDType::Bool(BoolStore::Native),
        other => panic!("burn has no {other}"),
    }
}

fn tensor<const D: usize, K: Basic>(dtype: DType, shape: &[usize], bytes: &[u8]) -> Tensor<D, K> {
    let dtype = burn_dtype(dtype);
    let data = TensorData::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()), shape.to_vec(), dtype);
    Tensor::from_data(data, (&Device::default(), dtype))
}

/// The same elements, in a tensor whose last two dimensions are the other way round in memory.
fn strided<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Option<Tensor<D, K>> {
    if D < 2 {
        return None;
    }
    let (last, before) = (D - 1, D - 2);
    let (device, dtype) = (tensor.device(), tensor.dtype());
    let swapped = tensor.swap_dims(before, last).into_data();
    Some(Tensor::<D, K>::from_data(swapped, (&device, dtype)).swap_dims(before, last))
}

/// What a leaf is made of and how it is looked into, for leaves of `D` dimensions of a kind.
struct Leaves<T, const D: usize, K: Basic> {
    dtypes: &'static [DType],
    adopts: &'static [DType],
    leaf: fn(Tensor<D, K>) -> T,
    value: fn(&T) -> Tensor<D, K>,
}

impl<T: TensorMut + 'static, const D: usize, K: Basic> Subject for Leaves<T, D, K> {
    type Tensor = T;

    fn dtypes(&self) -> Vec<DType> {
        self.dtypes.to_vec()
    }

    fn shapes(&self) -> Vec<Shape> {
        shapes().into_iter().filter(|shape| shape.len() == D).collect()
    }

    fn tensor(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> T {
        (self.leaf)(tensor(dtype, shape, bytes))
    }

    fn bytes(&self, leaf: &T) -> Vec<u8> {
        (self.value)(leaf).into_data().as_bytes().to_vec()
    }

    fn strided(&self, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<T> {
        strided(tensor(dtype, shape, bytes)).map(self.leaf)
    }

    fn adopts(&self) -> Vec<DType> {
        self.adopts.to_vec()
    }
}

fn tensors<const D: usize, K>(dtypes: &'static [DType]) -> Leaves<Tensor<D, K>, D, K>
where
    K: Basic,
    Tensor<D, K>: TensorMut,
{
    Leaves { dtypes, adopts: dtypes, leaf: |tensor| tensor, value: Tensor::clone }
}

fn params<const D: usize>(dtypes: &'static [DType]) -> Leaves<Param<Tensor<D>>, D, Float> {
    let leaf = |tensor| Param::initialized(ParamId::new(), tensor);
    Leaves { dtypes, adopts: dtypes, leaf, value: Param::val }
}

fn running<const D: usize>() -> Leaves<RunningState<Tensor<D>>, D, Float> {
    Leaves { dtypes: FLOATS, adopts: FLOATS, leaf: RunningState::new, value: RunningState::value }
}

conformance!(matrix_of_floats, tensors::<2, Float>(FLOATS));
conformance!(matrix_of_bool, tensors::<2, Bool>(&[DType::Bool]));
conformance!(parameter_of_three_dimensions, params::<3>(FLOATS));
conformance!(running_state, running::<1>());

#[test]
fn tensors_of_every_kind_and_rank() {
    macro_rules! each {
        ($($rank:literal)*) => {$(
            assert_conformance(&tensors::<$rank, Float>(FLOATS));
            assert_conformance(&tensors::<$rank, Int>(INTS));
            assert_conformance(&tensors::<$rank, Bool>(&[DType::Bool]));
            assert_conformance(&params::<$rank>(FLOATS));
        )*};
    }
    each!(1 2 3 4 5 6);
}

#[test]
fn parameters_of_integers_and_of_truth_values() {
    let leaf = |tensor| Param::initialized(ParamId::new(), tensor);
    assert_conformance(&Leaves::<Param<Tensor<2, Int>>, 2, Int> {
        dtypes: INTS,
        adopts: INTS,
        leaf,
        value: Param::val,
    });
    let leaf = |tensor| Param::initialized(ParamId::new(), tensor);
    assert_conformance(&Leaves::<Param<Tensor<2, Bool>>, 2, Bool> {
        dtypes: &[DType::Bool],
        adopts: &[DType::Bool],
        leaf,
        value: Param::val,
    });
}

#[test]
fn matrices_that_are_the_other_way_round() {
    assert_conformance(&Leaves::<Transposed<Param<Tensor<2>>>, 2, Float> {
        dtypes: FLOATS,
        adopts: FLOATS,
        leaf: |tensor| Transposed(Param::initialized(ParamId::new(), tensor.transpose())),
        value: |leaf| leaf.val().transpose(),
    });
}
