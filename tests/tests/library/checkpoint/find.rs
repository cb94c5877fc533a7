//! The state dict of a checkpoint is found by its name, and otherwise asked for.

use statedict::checkpoint::{Candidate, CheckpointError, ValuePath};
use statedict::prelude::*;
use statedict::value::Graph;
use statedict::{Checkpoint, Error, ReadOptions, StateMap};
use statedict_tests::{fixture, temp_dir};

fn map(tensors: usize) -> StateMap<'static> {
    let tensor = || TensorView::from_vec(vec![0.5f32], [1]).unwrap();
    (0..tensors).map(|index| (format!("layers.{index}"), tensor())).collect()
}

/// The same checkpoint as it was built, and as a file gives it.
#[track_caller]
fn both(checkpoint: Checkpoint<'_>, check: impl Fn(&Checkpoint<'_>)) {
    let folder = temp_dir();
    let path = folder.path().join("checkpoint.pt");
    checkpoint.save(&path).unwrap();
    check(&checkpoint);
    let file = Checkpoint::open(&path).unwrap();
    check(&file);
    let mut edited = Checkpoint::open(&path).unwrap();
    edited.graph_mut();
    assert!(edited.document().is_none());
    check(&edited);
}

fn candidate(path: impl Into<ValuePath>, tensors: usize) -> (ValuePath, usize) {
    (path.into(), tensors)
}

#[track_caller]
fn assert_candidates(found: &[Candidate], expected: &[(ValuePath, usize)]) {
    let found: Vec<_> = found.iter().map(|found| (found.path.clone(), found.tensors)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_state_dict_is_found_itself() {
    let path = fixture("my_module_v2.pt");
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.find_state_dict_path().unwrap(), ValuePath::root());
    let found = checkpoint.find_state_dict().unwrap();
    let file = StateMap::load(&path).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), file.keys().collect::<Vec<_>>());
    assert_eq!(found.metadata(), file.metadata());
    assert_candidates(&checkpoint.candidates(), &[candidate((), file.len())]);
}

#[test]
fn it_is_found_under_each_of_the_names() {
    for name in ["state_dict", "model_state_dict", "model"] {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_value("epoch", 3).unwrap();
        checkpoint.set_state_map("ema", &map(1)).unwrap();
        checkpoint.set_state_map(name, &map(2)).unwrap();
        both(checkpoint, |checkpoint| {
            assert_eq!(checkpoint.find_state_dict_path().unwrap(), name.into());
            assert_eq!(checkpoint.find_state_dict().unwrap().len(), 2);
        });
    }
}

#[test]
fn a_model_loads_from_a_training_checkpoint() {
    #[derive(StateDict)]
    struct Net {
        #[param]
        weight: Vec<f32>,
    }
    let folder = temp_dir();
    let path = folder.path().join("checkpoint.pt");
    let trained = Net { weight: vec![1.0, 2.0] };
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("epoch", 3).unwrap();
    checkpoint.set_state_dict("model_state_dict", &trained).unwrap();
    checkpoint.save(&path).unwrap();
    let mut net = Net { weight: vec![0.0; 2] };
    net.load(&path).unwrap();
    assert_eq!(net.weight, trained.weight);
}

#[test]
fn several_are_an_error_that_lists_them() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_map("model", &map(2)).unwrap();
    checkpoint.set_state_map("state_dict", &map(1)).unwrap();
    checkpoint.set_state_map("other", &map(1)).unwrap();
    both(checkpoint, |checkpoint| {
        let Err(CheckpointError::Find(error)) = checkpoint.find_state_dict() else { panic!() };
        let fitting = [candidate("state_dict", 1), candidate("model", 2)];
        assert_candidates(&error.fitting, &fitting);
        let all = [candidate("model", 2), candidate("state_dict", 1), candidate("other", 1)];
        assert_candidates(&error.candidates, &all);
        assert_eq!(
            error.to_string(),
            "several state dicts could be meant; name one of `state_dict` (1 tensor), `model` (2 tensors)"
        );
    });
}

#[test]
fn one_under_two_names_is_one() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_map("model", &map(2)).unwrap();
    let graph = checkpoint.graph_mut();
    let model = graph.at(&["model"]).unwrap();
    graph.put(graph.root().value_id(), "state_dict", model).unwrap();
    both(checkpoint, |checkpoint| assert_eq!(checkpoint.find_state_dict().unwrap().len(), 2));
}

#[test]
fn none_under_a_name_is_an_error_that_lists_what_there_is_but_optimizers() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("epoch", 3).unwrap();
    let graph = checkpoint.graph_mut();
    let (models, optimizer, state, moments) =
        (graph.dict(), graph.dict(), graph.dict(), graph.dict());
    for (name, tensors) in [("G", 2), ("D", 1)] {
        let map = graph.state_map(&map(tensors));
        graph.put(models, name, map).unwrap();
    }
    graph.set(moments, "exp_avg", TensorView::from_vec(vec![0f32], [1]).unwrap()).unwrap();
    graph.put(state, "0", moments).unwrap();
    graph.put(optimizer, "state", state).unwrap();
    let groups = graph.list([]);
    graph.put(optimizer, "param_groups", groups).unwrap();
    let nested = graph.state_map(&map(3));
    let (zero, list) = (graph.add(0), graph.list([optimizer, nested]));
    let root = graph.root().value_id();
    graph.put(root, "models", models).unwrap();
    graph.put(root, "rest", list).unwrap();
    graph.push_entry(root, zero, nested).unwrap();
    both(checkpoint, |checkpoint| {
        let Err(CheckpointError::Find(error)) = checkpoint.find_state_dict() else { panic!() };
        assert!(error.fitting.is_empty());
        let all = [candidate(0, 3), candidate(("models", "G"), 2), candidate(("models", "D"), 1)];
        assert_candidates(&error.candidates, &all);
        assert_eq!(
            error.to_string(),
            "the checkpoint is no state dict (its \"epoch\" is an int), and it has none under `state_dict`, \
             `model_state_dict`, `model`; name the one you mean, such as `[0]`: there are `[0]` (3 tensors), \
             `models.G` (2 tensors), `models.D` (1 tensor)"
        );
        assert_eq!(checkpoint.state_dict(("models", "G")).unwrap().len(), 2);
        assert_eq!(checkpoint.state_dict(("rest", -1)).unwrap().len(), 3);
    });
}

#[test]
fn a_file_without_one_says_so_by_its_name() {
    let folder = temp_dir();
    let path = folder.path().join("config.pt");
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("lr", 0.5).unwrap();
    checkpoint.save(&path).unwrap();
    let error = StateMap::load(&path).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }));
    let expected =
        ": the checkpoint is no state dict (its \"lr\" is a float), and there is none in it";
    assert_eq!(error.to_string(), format!("{}{expected}", path.display()));
}

#[test]
fn what_has_the_name_and_is_none_is_said_with_the_reason() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_graph("model", &Graph::new()).unwrap();
    checkpoint.set_value(("model", "fc._packed_params"), 1).unwrap();
    checkpoint.set_graph("state_dict", &Graph::new()).unwrap();
    both(checkpoint, |checkpoint| {
        assert_eq!(
            checkpoint.find_state_dict().unwrap_err().to_string(),
            "the checkpoint is no state dict (its \"model\" is a dict), nor is its `state_dict` (it is empty), nor \
             is its `model` (its \"fc._packed_params\" is an int), and there is none in it"
        );
    });
}

/// What `torch.save(model)` wrote is a state dict where it is to be read as one.
#[test]
fn a_whole_model_is_found_if_it_is_asked_for() {
    let path = fixture("read/whole_model.zip.pt");
    let opaque = ReadOptions::default().opaque(true);
    let checkpoint = Checkpoint::open_with(&path, &opaque).unwrap();
    assert!(checkpoint.find_state_dict().is_err());
    let whole = ReadOptions::default().whole_models(true);
    let checkpoint = Checkpoint::open_with(&path, &whole).unwrap();
    let found = checkpoint.find_state_dict().unwrap();
    assert!(!found.is_empty());
    assert_candidates(&checkpoint.candidates(), &[candidate((), found.len())]);
}

#[test]
fn an_empty_model_is_found_by_its_metadata_and_an_empty_dict_is_none() {
    #[derive(StateDict)]
    struct Empty {}
    let model = Empty {};
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_dict("model", &model).unwrap();
    both(checkpoint, |checkpoint| {
        let map = checkpoint.find_state_dict().unwrap();
        assert!(map.is_empty() && map.metadata().is_some());
    });
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_graph("model", &Graph::new()).unwrap();
    both(checkpoint, |checkpoint| {
        assert!(checkpoint.candidates().is_empty());
        assert!(checkpoint.find_state_dict().is_err());
    });
}

/// A tuple of sixty tuples of sixty … has more paths than there is time for.
#[test]
fn what_has_very_many_paths_is_not_walked_without_end() {
    let mut graph = Graph::new();
    let mut value = graph.tuple([]);
    for _ in 0..12 {
        value = graph.tuple([value; 60]);
    }
    graph.put(graph.root().value_id(), "bomb", value).unwrap();
    both(graph.into(), |checkpoint| assert!(checkpoint.candidates().is_empty()));
}
