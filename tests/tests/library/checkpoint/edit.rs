//! Checkpoints are edited by path, and what was not edited stays.

use std::fs;

use statedict::checkpoint::CheckpointError;
use statedict::prelude::*;
use statedict::value::Graph;
use statedict::{Checkpoint, StateMap, WriteOptions};
use statedict_tests::{fixture, temp_dir};

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `{"config": {"lr": 0.5, "fc.weight": 1, 3: "three"}, "losses": [1.0, 0.5], "pair": (1, 2)}`
fn checkpoint() -> Checkpoint<'static> {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_graph("config", &Graph::new()).unwrap();
    checkpoint.set_value(("config", "lr"), 0.5).unwrap();
    checkpoint.set_value(("config", "fc.weight"), 1).unwrap();
    checkpoint.set_value(("config", 3), "three").unwrap();
    let graph = checkpoint.graph_mut();
    let root = graph.root().value_id();
    let items = [graph.add(1.0), graph.add(0.5)];
    let losses = graph.list(items);
    graph.put(root, "losses", losses).unwrap();
    let items = [graph.add(1), graph.add(2)];
    let pair = graph.tuple(items);
    graph.put(root, "pair", pair).unwrap();
    checkpoint
}

#[test]
fn paths_lead_to_keys_and_items() {
    let mut checkpoint = checkpoint();
    assert_eq!(checkpoint.type_name(()).unwrap(), "dict");
    assert_eq!(checkpoint.type_name(("config", 3)).unwrap(), "str");
    assert_eq!(checkpoint.type_name(("config", "fc.weight")).unwrap(), "int");
    assert_eq!(checkpoint.type_name(("losses", -2)).unwrap(), "float");
    for path in [("losses", 2), ("losses", -3), ("config", 4), ("pair", 2)] {
        assert!(!checkpoint.contains(path), "{path:?}");
    }
    assert!(!checkpoint.contains(("config", "3")) && !checkpoint.contains(("losses", "0")));

    checkpoint.set_value(("losses", -1), 0.25).unwrap();
    checkpoint.set_value(("config", 3), "drei").unwrap();
    let graph = checkpoint.part_at(()).unwrap();
    let losses = graph.root().get("losses").unwrap().as_items().unwrap();
    assert_eq!(losses.get(1).unwrap().as_f64(), Some(0.25));
    checkpoint.remove(("config", "lr")).unwrap();
    assert!(!checkpoint.contains(("config", "lr")) && checkpoint.contains(("config", 3)));
}

#[test]
fn what_cannot_be_put_or_found_says_why_and_changes_nothing() {
    let mut checkpoint = checkpoint();
    let mut before = Vec::new();
    checkpoint.write_with(&mut before, &WriteOptions::default()).unwrap();
    let mut set = |path: &str| {
        let path: statedict::checkpoint::ValuePath = path.parse().unwrap();
        text(checkpoint.set_value(path, 1).unwrap_err())
    };
    assert_eq!(
        set("confg.lr"),
        "there is no `confg` in the checkpoint: the root of the checkpoint has config, losses, pair; did you \
         mean `config`?"
    );
    assert_eq!(
        set("config.lr.x"),
        "`config[\"lr\"]` should be a dict or list to put something into and is a float"
    );
    assert_eq!(
        set("losses[2]"),
        "there is no `losses[2]` in the checkpoint: `losses` is a list of 2"
    );
    assert_eq!(
        set("pair[0]"),
        "`pair` should be a dict or list to put something into and is a tuple"
    );
    assert_eq!(
        set("losses.x"),
        "`losses` should be a dict or list to put something into and is a list"
    );
    assert!(checkpoint.remove("x").is_err() && checkpoint.remove(("losses", 0)).is_err());
    assert!(checkpoint.remove(()).is_err());
    let error = checkpoint.tensor(("config", "lr")).unwrap_err();
    assert!(matches!(error, CheckpointError::Unfit { .. }));
    assert_eq!(text(error), "`config[\"lr\"]` should be a tensor and is a float");
    let error = checkpoint.state_dict("config").unwrap_err();
    assert_eq!(text(error), "`config`[\"lr\"] should be a tensor and is 0.5");

    let mut after = Vec::new();
    checkpoint.write_with(&mut after, &WriteOptions::default()).unwrap();
    assert!(before == after);
}

#[test]
fn a_shared_container_changes_under_all_its_paths() {
    let mut checkpoint = checkpoint();
    let graph = checkpoint.graph_mut();
    let config = graph.at(&["config"]).unwrap();
    graph.put(graph.root().value_id(), "same", config).unwrap();
    let folder = temp_dir();
    let path = folder.path().join("checkpoint.pt");
    checkpoint.save(&path).unwrap();
    let mut checkpoint = Checkpoint::open(&path).unwrap();
    checkpoint.set_value(("same", "lr"), ()).unwrap();
    assert_eq!(checkpoint.type_name(("config", "lr")).unwrap(), "NoneType");
}

#[test]
fn opening_and_saving_writes_the_same_bytes() {
    let folder = temp_dir();
    for name in ["quickstart.v1.pt", "my_module_v2.pt", "conv_batch_norm.pt"] {
        let copy = folder.path().join(name);
        Checkpoint::open(fixture(name)).unwrap().save(&copy).unwrap();
        assert!(fs::read(&copy).unwrap() == fs::read(fixture(name)).unwrap(), "{name}");
        let mut edited = Checkpoint::open(fixture(name)).unwrap();
        edited.graph_mut();
        edited.save(&copy).unwrap();
        assert!(fs::read(&copy).unwrap() == fs::read(fixture(name)).unwrap(), "{name}: edited");
    }
}

#[test]
fn a_built_state_dict_is_as_that_of_its_file() {
    let folder = temp_dir();
    let path = folder.path().join("checkpoint.pt");
    let map = StateMap::load(fixture("my_module_v2.pt")).unwrap();
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_state_map("model", &map).unwrap();
    checkpoint.save(&path).unwrap();
    let file = Checkpoint::open(&path).unwrap();
    for checkpoint in [&checkpoint, &file] {
        let found = checkpoint.state_dict("model").unwrap();
        assert_eq!(found.metadata(), map.metadata());
        assert_eq!(found.len(), map.len());
        for ((key, tensor), (other, expected)) in found.iter().zip(map.iter()) {
            assert_eq!(key, other);
            assert_eq!(tensor.bytes().unwrap(), expected.bytes().unwrap());
            let shares = |map: &StateMap<'_>, tensor: &TensorView<'_>| {
                map.iter().filter(|(_, other)| other.storage().same_as(tensor.storage())).count()
            };
            assert_eq!(shares(&found, tensor), shares(&map, expected));
        }
    }
}
