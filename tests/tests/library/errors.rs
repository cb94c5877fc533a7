//! Errors as programs meet them: `?` takes each, and what `main` and `unwrap` print is the message.

use std::error::Error;

use statedict::contents::resolve;
use statedict::leaf::TensorMut;
use statedict::optim::OptimizerState;
use statedict::prelude::*;
use statedict::state_map::InvalidName;
use statedict::value::Graph;
use statedict::visit::ModelError;
use statedict::{Checkpoint, KeyMap, LoadOptions, MapLocation, MigrateError, Schema, WriteOptions};

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [f32; 2],
}

/// What `fn main() -> Result<(), Box<dyn Error>>` prints of an error, which must be what it says.
#[track_caller]
fn assert_plain<E: Error + Send + Sync + 'static>(error: E) -> Box<dyn Error + Send + Sync> {
    let message = error.to_string();
    assert!(!message.is_empty());
    assert_eq!(format!("{error:?}"), message);
    assert_eq!(format!("{error:#?}"), message);
    error.into()
}

fn number() -> TensorView<'static> {
    TensorView::full(1.0f32, []).unwrap()
}

#[test]
fn errors_of_loading_are_their_messages() {
    let mut model = Linear { weight: [0.0; 2] };
    let mut map = StateMap::new();
    map.insert("w", number());
    let error = model.load_state_dict(&map).unwrap_err();
    assert_eq!(error.missing_keys().count(), 1);
    assert_plain(error);

    let folder = statedict_tests::temp_dir();
    let path = folder.path().join("model.pt");
    map.save(&path).unwrap();
    let error = model.load(&path).unwrap_err();
    assert!(matches!(error, statedict::Error::Load { .. }));
    assert_plain(error);
    assert_plain(model.load(folder.path().join("none.pt")).unwrap_err());
    assert_plain(StateMap::load(folder.path()).unwrap_err());
    assert_plain(
        statedict::codec::Document::open_with(folder.path(), &Default::default()).unwrap_err(),
    );
    assert_plain(KeyMap::new().rename("a", "b").apply(&map).unwrap_err());
    assert_plain(map.map_location(&MapLocation::to("cuda:x")).unwrap_err());
    assert_plain(MigrateError::message("the vocabulary has changed"));
    assert_plain(statedict::Migration::run_alone(map, |m| m.remove("x")).unwrap_err());
}

#[test]
fn errors_of_saving_are_their_messages_and_say_why() {
    let model = Linear { weight: [0.0; 2] };
    let folder = statedict_tests::temp_dir();
    let error = model.save(folder.path().join("none/model.pt")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("none") && text.contains("No such file"), "{text}");
    assert_plain(error);
    let error = model.save(folder.path()).unwrap_err();
    assert!(error.to_string().contains("directory"), "{error}");
    let error = model
        .state_dict()
        .unwrap()
        .write_with(&mut [0u8; 8][..], &WriteOptions::new())
        .unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(error.to_string().ends_with(&cause), "{error}");
    assert_plain(error);
}

#[test]
fn errors_of_models_are_their_messages() {
    let wrong = vec![ModelError::Duplicate { key: "a".to_owned() }; 2];
    let errors = statedict::visit::ModelErrors(wrong);
    assert_eq!(errors.len(), 2);
    assert_eq!(errors.to_string().lines().count(), 2);
    assert_plain(errors[0].clone());
    assert_plain(errors);
    assert_plain(InvalidName::Dot);
    let named = std::collections::BTreeMap::from([("a.b", Linear { weight: [0.0; 2] })]);
    assert_plain(named.state_dict().unwrap_err());
    assert_plain("nonsense".parse::<Schema>().unwrap_err());
}

#[test]
fn errors_of_checkpoints_are_their_messages() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("epoch", 5).unwrap();
    assert_plain(checkpoint.state_dict("model").unwrap_err());
    assert_plain(checkpoint.find_state_dict_path().unwrap_err());
    assert_plain(checkpoint.optimizer_state("epoch").unwrap_err());
    let graph = Graph::of(5);
    assert_plain(resolve(graph.root(), "a.b").unwrap_err());
    assert_plain("[".parse::<statedict::checkpoint::ValuePath>().unwrap_err());
    let mut graph = Graph::new();
    let (number, other) = (graph.add(5), graph.add(1));
    assert_plain(graph.push(number, other).unwrap_err());
    assert_plain(OptimizerState::new().param_group(3).unwrap_err());
}

#[test]
fn errors_of_tensors_are_their_messages() {
    assert_plain(number().reshape([2]).unwrap_err());
    let mut weight = [0.0f32; 2];
    assert_plain(weight.copy_(&number()).unwrap_err());
    let storage = statedict::tensor::StorageError::Absent;
    assert_plain(storage);
}

#[test]
fn the_mode_is_set_with_a_question_mark() {
    fn run() -> Result<(), Box<dyn Error>> {
        #[derive(StateDict)]
        struct Dropout {
            #[training]
            training: bool,
        }
        let mut locked = std::sync::Arc::new(Dropout { training: true });
        let other = std::sync::Arc::clone(&locked);
        locked.eval()?;
        drop(other);
        Ok(())
    }
    let error = run().unwrap_err();
    assert!(
        format!("{error:?}").starts_with("the model cannot be reached: it is shared"),
        "{error:?}"
    );
    assert!(error.downcast_ref::<statedict::visit::ModelErrors>().is_some());
}

#[test]
fn a_hint_names_the_version_that_a_file_without_versions_has() {
    #[derive(StateDict)]
    #[version(4)]
    #[migrate(to = 4, with = to_v4)]
    struct Net {
        #[param]
        weight: f32,
    }
    fn to_v4(migration: &mut statedict::Migration<'_>) -> Result<(), MigrateError> {
        migration.rename("w", "weight")
    }
    let mut map = StateMap::new();
    map.insert("weight", number());
    let mut net = Net { weight: 0.0 };
    let error = net.load_state_dict(&map).unwrap_err();
    assert_eq!(
        error.hints,
        [
            "the file has no versions, so it counts as older than version 1: if the newest version of the model wrote \
             it, load with `model.load_with(path, &LoadOptions::new().assume_version(4))`"
        ]
    );
    let error = map.migrate::<Net>().unwrap_err();
    assert!(
        error.hints[0]
            .contains("`map.migrate_with::<Model>(&LoadOptions::new().assume_version(4))`")
    );
    for version in [4, 9] {
        let options = LoadOptions::new().assume_version(version);
        net.load_state_dict_with(&map, &options).unwrap();
        assert_eq!(net.weight, 1.0);
    }
    // It was said, and is wrong: nothing else is known.
    let error = net.load_state_dict_with(&map, &LoadOptions::new().assume_version(3)).unwrap_err();
    assert!(error.hints.is_empty(), "{error}");
    // What the file says goes before.
    map.metadata_mut()
        .insert(statedict::state_map::Metadata::default())
        .insert("", statedict::state_map::ModuleMetadata::with_version(3));
    assert!(net.load_state_dict_with(&map, &LoadOptions::new().assume_version(4)).is_err());
}
