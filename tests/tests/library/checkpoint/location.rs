//! Other locations for everything in a checkpoint.

use std::sync::Mutex;

use statedict::codec::Source;
use statedict::load::Atomicity;
use statedict::prelude::*;
use statedict::value::{Graph, Kind, NewValue, SharedValue};
use statedict::{Checkpoint, LoadOptions, MapLocation, ReadOptions, WriteOptions};

/// A model with an extra state, an optimizer that shares a tensor with it, and a bare storage.
fn checkpoint() -> Checkpoint<'static> {
    let tensor = |value: f32| TensorView::from_vec(vec![value; 4], [4]).unwrap();
    let mut map = StateMap::new();
    map.insert("weight", tensor(1.0));
    let mut extra = Graph::new();
    extra.set(extra.root().value_id(), "amax", tensor(2.0)).unwrap();
    map.insert_value("_extra_state", SharedValue::of(extra.root()).unwrap());
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_map("model", &map).unwrap();
    checkpoint.set_value("average", map.get("weight").unwrap().clone()).unwrap();
    checkpoint.set_value("momentum", tensor(3.0)).unwrap();
    let storage = tensor(4.0).storage().clone();
    checkpoint.set_value("storage", NewValue::Storage(storage, None)).unwrap();
    checkpoint
}

fn again(checkpoint: &Checkpoint<'_>) -> Checkpoint<'static> {
    let mut bytes = Vec::new();
    checkpoint.write_with(&mut bytes, &WriteOptions::default()).unwrap();
    Checkpoint::read_with(Source::bytes(bytes), &ReadOptions::default()).unwrap()
}

fn locations(checkpoint: &Checkpoint<'_>) -> Vec<String> {
    let map = checkpoint.state_dict("model").unwrap();
    let extra =
        map.value("_extra_state").unwrap().value().get("amax").unwrap().as_tensor().unwrap();
    let momentum = checkpoint.tensor("momentum").unwrap();
    let graph = checkpoint.part_at("storage").unwrap();
    let Kind::Storage(storage) = graph.root().kind() else { panic!() };
    let storage = storage.storage();
    [
        map.get("weight").unwrap().location(),
        extra.location(),
        momentum.location(),
        storage.location(),
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn all_tensors_are_mapped_and_the_tags_are_saved() {
    let mut checkpoint = checkpoint();
    checkpoint.map_location(&MapLocation::to("cuda:1")).unwrap();
    let file = again(&checkpoint);
    for checkpoint in [&checkpoint, &file] {
        assert_eq!(locations(checkpoint), ["cuda:1"; 4]);
        let map = checkpoint.state_dict("model").unwrap();
        let average = checkpoint.tensor("average").unwrap();
        assert!(map.get("weight").unwrap().storage().same_as(average.storage()));
        assert_eq!(average.to_vec::<f32>().unwrap(), [1.0; 4]);
    }
    let mut file = file;
    file.map_location(&MapLocation::table([("cuda:1", "cpu")])).unwrap();
    assert_eq!(locations(&again(&file)), ["cpu"; 4]);
}

#[test]
fn a_function_is_called_once_for_each_storage_in_the_order_of_the_file() {
    let mut checkpoint = again(&checkpoint());
    let calls = std::sync::Arc::new(Mutex::new(0));
    let seen = std::sync::Arc::clone(&calls);
    let spread = MapLocation::with(move |tag| {
        assert_eq!(tag, "cpu");
        let mut calls = seen.lock().unwrap();
        *calls += 1;
        (*calls < 4).then(|| format!("cuda:{calls}"))
    });
    checkpoint.map_location(&spread).unwrap();
    assert_eq!(*calls.lock().unwrap(), 4);
    assert_eq!(locations(&checkpoint), ["cuda:1", "cuda:2", "cuda:3", "cpu"]);
}

#[test]
fn what_torch_could_not_restore_is_refused_and_changes_nothing() {
    let wrong = [
        "cpu:0", "meta:0", "", "Cpu", "cuda:", "cuda:x", "cuda:-1", "cuda:01", "cuda:128",
        "cuda 0", "_a",
    ];
    for wrong in wrong {
        let mut checkpoint = checkpoint();
        let error = checkpoint.map_location(&MapLocation::to(wrong)).unwrap_err();
        assert_eq!(error.location, wrong);
        assert_eq!(locations(&checkpoint), ["cpu"; 4]);
        let some = MapLocation::table([("mps", wrong)]);
        checkpoint.map_location(&some).unwrap();

        let map = checkpoint.state_dict("model").unwrap();
        assert!(map.map_location(&MapLocation::to(wrong)).is_err());
        let mut model = Model { weight: vec![0.0; 4] };
        let options = LoadOptions::new().strict(false).map_location(MapLocation::to(wrong));
        let error = model.load_state_dict_with(&map, &options).unwrap_err();
        assert!(error.to_string().contains("no location that PyTorch can restore"), "{error}");
        assert_eq!(model.weight, [0.0; 4]);
    }
    for right in ["cpu", "meta", "cuda", "cuda:0", "cuda:127", "mps", "privateuseone:0", "npu:3"] {
        checkpoint().map_location(&MapLocation::to(right)).unwrap();
    }
}

#[derive(StateDict)]
struct Model {
    #[param]
    weight: Vec<f32>,
}

#[test]
fn what_was_mapped_to_meta_is_loaded_into_no_model() {
    let map = checkpoint().state_dict("model").unwrap();
    let mut model = Model { weight: vec![0.5; 4] };
    let options = LoadOptions::new().strict(false).map_location(MapLocation::to("meta"));
    assert!(model.load_state_dict_with(&map, &options).is_err());
    assert_eq!(model.weight, [0.5; 4]);
}

#[derive(StateDict)]
struct Two {
    #[param]
    first: Vec<f32>,
    #[param]
    second: Vec<f32>,
}

/// Trusting the checksums is not trusting that there is something to copy.
#[test]
fn one_tensor_on_meta_keeps_a_load_without_verification_from_writing() {
    let tensor = || TensorView::from_vec(vec![1.0f32; 4], [4]).unwrap();
    let mut second = StateMap::new();
    second.insert("second", tensor());
    let second = second.map_location(&MapLocation::to("meta")).unwrap();
    let mut map = StateMap::new();
    map.insert("first", tensor());
    map.insert("second", second.get("second").unwrap().clone());
    let mut model = Two { first: vec![0.5; 4], second: vec![0.5; 4] };
    for atomicity in [Atomicity::Validated, Atomicity::Staged, Atomicity::None] {
        let options = LoadOptions::new().verify(false).atomicity(atomicity);
        let error = model.load_state_dict_with(&map, &options).unwrap_err().to_string();
        assert!(error.contains("second") && error.contains("meta"), "{error}");
        assert_eq!((&*model.first, &*model.second), (&[0.5; 4][..], &[0.5; 4][..]));
    }
}

#[test]
fn on_meta_there_are_no_elements_and_what_is_there_stays() {
    let mut checkpoint = checkpoint();
    // A storage by itself cannot be there.
    checkpoint.remove("storage").unwrap();
    checkpoint.map_location(&MapLocation::to("meta")).unwrap();
    for mut checkpoint in [again(&checkpoint), checkpoint] {
        checkpoint.map_location(&MapLocation::to("cpu")).unwrap();
        let momentum = checkpoint.tensor("momentum").unwrap();
        assert_eq!((momentum.location(), momentum.shape()), ("meta", &[4].into()));
        assert!(momentum.bytes().is_err() && momentum.to_vec::<f32>().is_err());
    }
}
