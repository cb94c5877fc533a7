//! What the suite that every tensor type runs does not ask: views, ties between types, locks, and what
//! candle has no elements for.

use std::cell::RefCell;
use std::rc::Rc;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, SGD, VarMap};
use statedict::candle::BoolAsU8;
use statedict::leaf::TensorError;
use statedict::load::LoadProblem;
use statedict::{LoadOptions, StateDict, StateDictExt, StateMap, TensorView};

#[derive(StateDict)]
struct One<T> {
    #[param]
    weight: T,
}

#[derive(StateDict)]
struct Two<A, B> {
    #[param]
    first: A,
    #[param]
    second: B,
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()
}

fn map(entries: &[(&str, &[f32], &[usize])]) -> StateMap<'static> {
    let view =
        |elements: &[f32], shape: &[usize]| TensorView::from_vec(elements.to_vec(), shape).unwrap();
    entries.iter().map(|(key, elements, shape)| (key.to_string(), view(elements, shape))).collect()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The parts of one storage are tensors of their own, for saving and for loading.
#[test]
fn parts_of_one_storage_are_not_taken_for_one_tensor() {
    let whole = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
    let part = |index| whole.narrow(0, index, 1).unwrap();
    let mut model = Two { first: part(0), second: part(1) };
    let state = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(state.get("first").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
    assert_eq!(state.get("second").unwrap().to_vec::<f32>().unwrap(), [3.0, 4.0]);
    let new: &[(&str, &[f32], &[usize])] =
        &[("first", &[5.0, 6.0], &[1, 2]), ("second", &[7.0, 8.0], &[1, 2])];
    model.load_state_dict(&map(new)).unwrap();
    assert_eq!(numbers(&whole), [5.0, 6.0, 7.0, 8.0]);
}

/// A tensor that is expanded can be saved; a load into it is refused with the reason.
#[test]
fn an_expanded_tensor_is_saved_and_not_loaded() {
    let one = Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap();
    let mut model = One { weight: one.broadcast_as((2, 2)).unwrap() };
    let state = model.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(state.get("weight").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0, 1.0, 2.0]);
    let new: &[(&str, &[f32], &[usize])] = &[("weight", &[5.0, 6.0, 7.0, 8.0], &[2, 2])];
    let error = model.load_state_dict(&map(new)).unwrap_err();
    assert!(error.to_string().contains("make it contiguous"), "{error}");
    assert_eq!(numbers(&one), [1.0, 2.0]);
    // What is assigned becomes a tensor of its own.
    model.load_state_dict_with(&map(new), &LoadOptions::new().assign(true)).unwrap();
    assert_eq!(numbers(&model.weight), [5.0, 6.0, 7.0, 8.0]);
    assert_eq!(numbers(&one), [1.0, 2.0]);
}

/// That it cannot be written is known before anything is: also by a check, and behind a lock.
#[test]
fn an_expanded_tensor_leaves_its_neighbours_alone() {
    let one = || Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap();
    // Each of a storage of its own: those of one storage are one tensor.
    let expanded = |one: &Tensor| one.broadcast_as((2, 2)).unwrap();
    let (one, other) = (one(), one());
    let locked = Rc::new(RefCell::new(One { weight: expanded(&other) }));
    #[derive(StateDict)]
    struct Net {
        #[param]
        first: Tensor,
        #[param]
        second: Tensor,
        locked: Rc<RefCell<One<Tensor>>>,
    }
    let handle = Rc::clone(&locked);
    let mut model = Net { first: zeros(&[2, 2]), second: expanded(&one), locked };
    let new = [5.0, 6.0, 7.0, 8.0];
    let new = map(&["first", "second", "locked.weight"].map(|key| (key, &new[..], &[2, 2][..])));
    let checked = model.check_state_dict_with(&new, &LoadOptions::new()).unwrap_err();
    let error = model.load_state_dict(&new).unwrap_err();
    assert!(error.nothing_was_written() && error.to_string() == checked.to_string(), "{error}");
    let refused = error.problems.iter().filter(|it| matches!(it, LoadProblem::Refused { .. }));
    assert_eq!((refused.count(), error.problems.len()), (2, 2), "{error}");
    assert_eq!((numbers(&model.first), numbers(&one)), (vec![0.0; 4], vec![1.0, 2.0]));
    assert_eq!(numbers(&other), [1.0, 2.0]);
    drop(handle);
}

/// The variable of an optimizer and the model's tensor stay one, whichever of them is loaded.
#[test]
fn a_variable_and_a_tensor_of_it_stay_one() {
    for (dtype, assign) in [(DType::F32, false), (DType::F32, true), (DType::F64, true)] {
        let variable = Var::zeros(2, DType::F32, &Device::Cpu).unwrap();
        let tensor = variable.as_tensor().clone();
        let mut model = Two { first: variable, second: tensor };
        let values = Tensor::new(&[1f32, 2.0], &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
        let source = One { weight: values };
        let state = source.state_dict().unwrap();
        let map = state.iter().map(|(_, view)| ("second".to_owned(), view.clone())).collect();
        model.load_state_dict_with(&map, &LoadOptions::new().assign(assign)).unwrap();
        assert_eq!(model.first.dtype(), dtype);
        model.first.set(&model.first.affine(2.0, 0.0).unwrap()).unwrap();
        let seen = model.second.to_dtype(DType::F32).unwrap();
        assert_eq!(numbers(&seen), [2.0, 4.0], "{dtype:?}, assign: {assign}");
        assert!(model.second.is_variable());
    }
}

/// An optimizer that was made before a load goes on with the loaded numbers.
#[test]
fn an_optimizer_sees_what_is_loaded() {
    let variables = VarMap::new();
    let vb = candle_nn::VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let mut fc = candle_nn::linear_no_bias(2, 1, vb).unwrap();
    let mut optimizer = SGD::new(variables.all_vars(), 1.0).unwrap();
    fc.load_state_dict(&map(&[("weight", &[3.0, 4.0], &[1, 2])])).unwrap();
    optimizer.backward_step(&fc.weight().sum_all().unwrap()).unwrap();
    assert_eq!(numbers(fc.weight()), [2.0, 3.0]);
}

/// The sink may use the tensor: no lock of candle's is held meanwhile.
#[test]
fn the_tensor_can_be_written_while_it_is_read() {
    use statedict::leaf::Tensor as _;
    let variable = Var::zeros(100_000, DType::F32, &Device::Cpu).unwrap();
    let ones = Tensor::ones(100_000, DType::F32, &Device::Cpu).unwrap();
    let mut pieces = Vec::new();
    variable
        .with_bytes(&mut |piece| {
            variable.set(&ones).map_err(|error| TensorError::Library(error.into()))?;
            pieces.push(piece[0]);
            Ok(())
        })
        .unwrap();
    assert!(pieces.len() > 1);
}

/// Each tensor for itself: the others of the file are read.
#[test]
fn element_types_that_candle_has_not_are_refused_one_by_one() {
    let tensor = |dtype| Tensor::zeros(2, dtype, &Device::Cpu).unwrap();
    let mut file = StateMap::new();
    file.insert("first", TensorView::from_vec(vec![true, false], [2]).unwrap());
    file.insert("second", TensorView::from_vec(vec![1i64, 2], [2]).unwrap());
    for assign in [false, true] {
        let mut model = Two { first: tensor(DType::U8), second: tensor(DType::I64) };
        let options = LoadOptions::new().assign(assign);
        let error = model.load_state_dict_with(&file, &options).unwrap_err();
        assert!(
            matches!(&error.problems[..], [LoadProblem::DType { key, .. }] if key == "first"),
            "{error}"
        );
        assert!(error.to_string().contains("the model has uint8, the file bool"), "{error}");
    }
    let mut model = Two { first: BoolAsU8(tensor(DType::U8)), second: tensor(DType::I64) };
    model.load_state_dict(&file).unwrap();
    assert_eq!(model.first.0.to_vec1::<u8>().unwrap(), [1, 0]);
    assert_eq!(model.second.to_vec1::<i64>().unwrap(), [1, 2]);
}

#[test]
fn elements_that_pytorch_has_not_are_an_error_that_says_so() {
    let weight = Tensor::from_raw_buffer(&[1, 2], DType::F4, &[2], &Device::Cpu).unwrap();
    let model = One { weight };
    let error = model.state_dict().unwrap_err().to_string();
    assert!(error.contains("`weight`") && error.contains("candle's f4"), "{error}");
    // Bools are held as u8, and as nothing else.
    let model = One { weight: BoolAsU8(zeros(&[2])) };
    let error = model.state_dict().unwrap_err().to_string();
    assert!(error.contains("bools are held as u8, and this tensor is f32"), "{error}");
}

/// A file from another device is loaded where the model is.
#[test]
fn a_load_keeps_the_model_on_its_device() {
    let source = One { weight: vec![1f64, 2.0] };
    let file = source.state_dict().unwrap();
    let file = file.map_location(&statedict::MapLocation::to("cuda:0")).unwrap();
    let mut model = One { weight: zeros(&[2]) };
    model.load_state_dict_with(&file, &LoadOptions::new().assign(true)).unwrap();
    assert_eq!(model.weight.to_vec1::<f64>().unwrap(), [1.0, 2.0]);
    assert!(model.weight.device().is_cpu());
    assert_eq!(model.state_dict().unwrap().get("weight").unwrap().location(), "cpu");
}
