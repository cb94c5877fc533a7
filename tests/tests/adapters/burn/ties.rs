//! Clones of a parameter: one until one of them is changed.

use burn::module::{Param, ParamId};
use burn::nn::{EmbeddingConfig, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use statedict::load::{AliasPolicy, Atomicity};
use statedict::{LoadOptions, StateDict, StateDictExt, StateMap, TensorView};

#[derive(StateDict)]
struct Pair {
    #[param]
    first: Param<Tensor<1>>,
    #[param]
    alone: Param<Tensor<1>>,
    #[param]
    second: Param<Tensor<1>>,
}

fn tied() -> Pair {
    let device = Device::default();
    let first = Param::from_data([1.0f32, 2.0], &device);
    let alone = Param::from_data([1.0f32, 2.0], &device);
    Pair { second: first.clone(), first, alone }
}

/// Both names, or only one of them.
fn map(tensors: &[(&'static str, [f32; 2])]) -> StateMap<'static> {
    let mut map = StateMap::new();
    for (key, elements) in tensors {
        map.insert(*key, TensorView::from_vec(elements.to_vec(), [2]).unwrap());
    }
    map
}

fn values(pair: &Pair) -> [TensorData; 3] {
    [&pair.first, &pair.alone, &pair.second].map(|param| param.to_data())
}

fn is_tied(pair: &Pair) -> bool {
    let map = pair.state_dict().unwrap();
    assert!(!map.get("first").unwrap().storage().same_as(map.get("alone").unwrap().storage()));
    map.get("first").unwrap().same_as(map.get("second").unwrap())
}

#[test]
fn clones_are_saved_once() {
    assert!(is_tied(&tied()));
}

#[test]
fn clones_are_loaded_both_and_stay_one() {
    for options in [
        LoadOptions::new(),
        LoadOptions::new().assign(true),
        LoadOptions::new().atomicity(Atomicity::Staged),
    ] {
        let mut pair = tied();
        let ids = [pair.first.id, pair.second.id];
        let new = [("first", [5.0, 6.0]), ("alone", [7.0, 8.0]), ("second", [5.0, 6.0])];
        let report = pair.load_state_dict_with(&map(&new), &options).unwrap();
        assert_eq!(report.loaded.len(), 2);
        let (shared, alone) = (TensorData::from([5.0f32, 6.0]), TensorData::from([7.0f32, 8.0]));
        assert_eq!(values(&pair), [shared.clone(), alone, shared]);
        assert_eq!([pair.first.id, pair.second.id], ids);
        assert!(is_tied(&pair));
        // One name is enough, whichever.
        for name in ["first", "second"] {
            let new = [(name, [9.0, 9.0]), ("alone", [3.0, 3.0])];
            pair.load_state_dict_with(&map(&new), &options).unwrap();
            let [nine, three] = [9.0f32, 3.0].map(|x| TensorData::from([x, x]));
            assert_eq!(values(&pair), [nine.clone(), three, nine]);
            assert!(is_tied(&pair));
        }
    }
}

#[test]
fn clones_that_differ_in_the_file_are_reported() {
    let mut pair = tied();
    let new = map(&[("first", [5.0, 6.0]), ("alone", [7.0, 8.0]), ("second", [0.0, 0.0])]);
    let error = pair.load_state_dict(&new).unwrap_err();
    assert!(error.to_string().contains("second"), "{error}");
    let last = LoadOptions::new().alias(AliasPolicy::LastWins);
    pair.load_state_dict_with(&new, &last).unwrap();
    assert_eq!(values(&pair)[0], TensorData::from([0.0f32, 0.0]));
    assert_eq!(values(&pair)[2], TensorData::from([0.0f32, 0.0]));
}

/// As a target network: a clone that keeps its values when the other is trained, and its ids as well.
#[test]
fn a_clone_that_was_changed_is_a_tensor_of_its_own() {
    let mut pair = tied();
    pair.second = pair.second.map(|tensor| tensor.add_scalar(1.0));
    assert_eq!(pair.first.id, pair.second.id);
    assert!(!is_tied(&pair));
    let saved = pair.state_dict().unwrap().into_owned().unwrap();
    assert_eq!(saved.get("second").unwrap().to_vec::<f32>().unwrap(), [2.0, 3.0]);
    let new = map(&[("first", [5.0, 6.0]), ("alone", [7.0, 8.0]), ("second", [0.0, 1.0])]);
    pair.load_state_dict(&new).unwrap();
    assert_eq!(values(&pair)[0], TensorData::from([5.0f32, 6.0]));
    assert_eq!(values(&pair)[2], TensorData::from([0.0f32, 1.0]));
}

#[test]
fn clones_without_a_value_are_one() {
    let lazy = || {
        Param::<Tensor<1>>::uninitialized(
            ParamId::new(),
            |device, _| Tensor::ones([2], device),
            Device::default(),
            true,
            [2].into(),
        )
    };
    let first = lazy();
    let mut pair = Pair { second: first.clone(), first, alone: lazy() };
    pair.load_state_dict(&map(&[("second", [5.0, 6.0]), ("alone", [7.0, 8.0])])).unwrap();
    assert_eq!(values(&pair)[0], TensorData::from([5.0f32, 6.0]));
    assert!(is_tied(&pair));
    let first = lazy();
    assert!(is_tied(&Pair { second: first.clone(), first, alone: lazy() }));
}

/// One value, and two that are stored of it.
#[test]
fn clones_with_mappers_are_stored_each_for_itself() {
    let mut pair = tied();
    pair.second = pair.first.clone().save_mapper(|tensor| tensor.mul_scalar(10.0));
    let saved = pair.state_dict().unwrap();
    assert_eq!(saved.get("first").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0]);
    assert_eq!(saved.get("second").unwrap().to_vec::<f32>().unwrap(), [10.0, 20.0]);
}

#[derive(StateDict)]
struct LanguageModel {
    embedding: burn::nn::Embedding,
    head: burn::nn::Linear,
}

#[test]
fn a_square_matrix_is_not_one_with_itself_transposed() {
    let device = Device::default();
    let embedding = EmbeddingConfig::new(2, 2).init(&device);
    let mut head = LinearConfig::new(2, 2).with_bias(false).init(&device);
    head.weight = Param::from_data([[1.0f32, 2.0], [3.0, 4.0]], &device);
    let mut model = LanguageModel { embedding, head };
    model.embedding.weight = model.head.weight.clone();
    let saved = model.state_dict().unwrap();
    assert_eq!(
        saved.get("embedding.weight").unwrap().to_vec::<f32>().unwrap(),
        [1.0, 2.0, 3.0, 4.0]
    );
    assert_eq!(saved.get("head.weight").unwrap().to_vec::<f32>().unwrap(), [1.0, 3.0, 2.0, 4.0]);
}
