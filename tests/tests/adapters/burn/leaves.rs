//! Tensors, parameters and running states.

use burn::module::{Module, Param, ParamId, Reparameterization, Reparameterizer, RunningState};
use burn::tensor::{Bool, DType as BurnDType, Device, Int, Tensor, TensorData};
use half::{bf16, f16};
use statedict::burn::Transposed;
use statedict::{DType, LoadOptions, StateDict, StateDictExt, StateMap, TensorView};

fn device() -> Device {
    Device::default()
}

/// A state dict of one tensor.
fn one(view: TensorView<'static>) -> StateMap<'static> {
    let mut map = StateMap::new();
    map.insert("tensor", view);
    map
}

#[derive(StateDict)]
struct Leaf<T> {
    #[param]
    tensor: T,
}

/// A tensor of `dtype` that was loaded into one of zeros of that type.
fn loaded<E: statedict::tensor::Element>(dtype: BurnDType, elements: Vec<E>) -> TensorData {
    let shape = [elements.len()];
    let map = one(TensorView::from_vec(elements, shape).unwrap());
    let zeros = TensorData::from_bytes_vec(vec![0; dtype.size() * shape[0]], shape, dtype);
    if dtype.is_float() {
        let mut model = Leaf { tensor: Tensor::<1>::from_data(zeros, (&device(), dtype)) };
        model.load_state_dict(&map).unwrap();
        model.tensor.into_data()
    } else {
        let mut model = Leaf { tensor: Tensor::<1, Int>::from_data(zeros, (&device(), dtype)) };
        model.load_state_dict(&map).unwrap();
        model.tensor.into_data()
    }
}

#[test]
fn no_element_type_is_narrowed() {
    let large = i64::MAX - 1;
    let data = loaded(BurnDType::I64, vec![large, -1]);
    assert_eq!(data, TensorData::from([large, -1]));
    let data = loaded(BurnDType::F64, vec![std::f64::consts::PI]);
    assert_eq!(data, TensorData::from([std::f64::consts::PI]));
    let data = loaded(BurnDType::F16, vec![f16::MAX]);
    assert_eq!((data.dtype(), data.as_bytes()), (BurnDType::F16, &f16::MAX.to_le_bytes()[..]));
    let data = loaded(BurnDType::BF16, vec![bf16::MAX]);
    assert_eq!((data.dtype(), data.as_bytes()), (BurnDType::BF16, &bf16::MAX.to_le_bytes()[..]));
    assert_eq!(loaded(BurnDType::U8, vec![255u8]), TensorData::from([255u8]));
    assert_eq!(loaded(BurnDType::I16, vec![-3i16]), TensorData::from([-3i16]));
}

#[test]
fn what_would_lose_is_refused() {
    let map = one(TensorView::from_vec(vec![1i64 << 40], [1]).unwrap());
    let mut model = Leaf { tensor: Tensor::<1, Int>::from_data([7], (&device(), BurnDType::I32)) };
    let error = model.load_state_dict(&map).unwrap_err().to_string();
    assert!(error.contains("int32") && error.contains("int64"), "{error}");
    assert_eq!(model.tensor.to_data(), TensorData::from([7i32]));
}

#[test]
fn assign_takes_the_type_of_the_file() {
    let map = one(TensorView::from_vec(vec![1.5f64, -2.0], [2]).unwrap());
    let param = Param::<Tensor<1>>::from_data([0.0f32, 0.0], &device());
    let id = param.id;
    let mut model = Leaf { tensor: param };
    model.load_state_dict_with(&map, &LoadOptions::new().assign(true)).unwrap();
    assert_eq!(model.tensor.to_data(), TensorData::from([1.5f64, -2.0]));
    assert_eq!(model.tensor.id, id);

    let ints = one(TensorView::from_vec(vec![1i64, 2], [2]).unwrap());
    let error = model.load_state_dict_with(&ints, &LoadOptions::new().assign(true)).unwrap_err();
    assert!(error.nothing_was_written(), "{error}");
}

#[test]
fn any_byte_but_0_is_true() {
    let map = one(TensorView::from_bytes(vec![0, 2, 1], DType::Bool, [3]).unwrap());
    let mut model = Leaf { tensor: Tensor::<1, Bool>::from_data([true, true, false], &device()) };
    model.load_state_dict(&map).unwrap();
    assert_eq!(model.tensor.to_data(), TensorData::from([false, true, true]));
    let saved = model.state_dict().unwrap();
    assert_eq!(saved.get("tensor").unwrap().to_vec::<bool>().unwrap(), [false, true, true]);
}

#[test]
fn a_strided_tensor_is_saved_in_row_major_order() {
    let tensor = Tensor::<2>::from_data([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]], &device());
    let model = Leaf { tensor: tensor.transpose() };
    let saved = model.state_dict().unwrap();
    assert_eq!(saved.get("tensor").unwrap().shape(), &[3, 2]);
    assert_eq!(
        saved.get("tensor").unwrap().to_vec::<f32>().unwrap(),
        [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    );
}

#[test]
fn a_parameter_that_is_loaded_first_is_never_initialized() {
    let param = Param::<Tensor<2>>::uninitialized(
        ParamId::new(),
        |_, _| panic!("the initial value is not needed"),
        device(),
        true,
        [2, 1].into(),
    );
    let id = param.id;
    let mut model = Leaf { tensor: param };
    let map = one(TensorView::from_vec(vec![1.0f32, 2.0], [2, 1]).unwrap());
    for options in [LoadOptions::new(), LoadOptions::new().assign(true)] {
        let mut model = Leaf { tensor: model.tensor.clone() };
        model.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(model.tensor.to_data(), TensorData::from([[1.0f32], [2.0]]));
        assert_eq!(model.tensor.id, id);
    }
    let wrong = one(TensorView::from_vec(vec![1.0f32, 2.0], [1, 2]).unwrap());
    let error = model.load_state_dict(&wrong).unwrap_err().to_string();
    assert!(error.contains("[2, 1]") && error.contains("[1, 2]"), "{error}");
}

#[test]
fn what_a_parameter_does_when_it_is_saved_and_loaded_is_done() {
    let param = Param::<Tensor<1>>::from_data([2.0f32, 4.0], &device())
        .save_mapper(|tensor| tensor.mul_scalar(10.0))
        .load_mapper(|tensor| tensor.div_scalar(10.0));
    let mut model = Leaf { tensor: param };
    let saved = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.get("tensor").unwrap().to_vec::<f32>().unwrap(), [20.0, 40.0]);
    let map = one(TensorView::from_vec(vec![50.0f32, 60.0], [2]).unwrap());
    for _ in 0..2 {
        model.load_state_dict(&map).unwrap();
        assert_eq!(model.tensor.to_data(), TensorData::from([5.0f32, 6.0]));
    }
}

#[test]
fn a_transposed_matrix_is_the_other_way_round_in_both_directions() {
    let matrix = Tensor::<2>::from_data([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]], &device());
    let mut model = Leaf { tensor: Transposed(matrix) };
    let saved = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.get("tensor").unwrap().shape(), &[3, 2]);
    model.tensor.0 = Tensor::zeros([2, 3], &device());
    model.load_state_dict(&saved).unwrap();
    let expected = TensorData::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(model.tensor.to_data(), expected);
    model.tensor.0 = Tensor::zeros([2, 3], &device());
    model.load_state_dict_with(&saved, &LoadOptions::new().assign(true)).unwrap();
    assert_eq!(model.tensor.to_data(), expected);
}

#[test]
fn a_running_state_keeps_its_updates_when_saved_and_loses_them_when_loaded() {
    let state = RunningState::new(Tensor::<1>::from_data([1.0f32], &device()));
    let other = state.clone();
    state.update(Tensor::from_data([5.0f32], &device()));
    let mut model = Leaf { tensor: state };
    let saved = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.get("tensor").unwrap().to_vec::<f32>().unwrap(), [5.0]);

    model.tensor.update(Tensor::from_data([7.0f32], &device()));
    model.load_state_dict(&one(TensorView::from_vec(vec![9.0f32], [1]).unwrap())).unwrap();
    assert_eq!(model.tensor.value_sync().to_data(), TensorData::from([9.0f32]));
    // Clones share the state, before and after.
    assert_eq!(other.value().to_data(), TensorData::from([9.0f32]));
}

#[derive(Debug, Module)]
struct Doubled {
    factor: Param<Tensor<1>>,
}

impl Reparameterization for Doubled {
    const NAME: &'static str = "doubled";

    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        base.mul_scalar(2.0)
    }
}

struct Doubling;

impl Reparameterizer for Doubling {
    type Reparam = Doubled;

    fn reparameterize<const D: usize>(
        &mut self,
        _: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<Doubled>) {
        let factor = Param::from_data([2.0f32], &param.lazy_device());
        (param, Some(Doubled { factor }))
    }
}

#[test]
fn a_reparameterization_stays_and_is_no_part_of_the_leaf() {
    let param = Param::<Tensor<1>>::from_data([1.0f32, 2.0], &device());
    let mut model = Leaf { tensor: param.apply_reparameterization(Doubling) };
    assert_eq!(model.tensor.val().into_data(), TensorData::from([2.0f32, 4.0]));
    let saved = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.get("tensor").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
    model.load_state_dict(&one(TensorView::from_vec(vec![3.0f32, 5.0], [2]).unwrap())).unwrap();
    assert_eq!(model.tensor.base().into_data(), TensorData::from([3.0f32, 5.0]));
    assert_eq!(model.tensor.val().into_data(), TensorData::from([6.0f32, 10.0]));
}
