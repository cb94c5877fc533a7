//! Files of `torch.save(model)`: refused by default, and on request their state dict.

use statedict::Checkpoint;
use statedict::codec::{self, ReadError, ReadOptions};

use super::fixture::{expected, path, refused};
use statedict_tests::map_lines;

#[test]
fn by_default_the_refusal_says_what_it_is() {
    for name in ["whole_model.zip", "whole_model.legacy"] {
        let error = refused(name);
        let ReadError::WholeModel { class } = &error else { panic!("{error}") };
        assert_eq!(class, "torch.nn.modules.container.Sequential");
        assert!(error.to_string().contains("torch.save(model)"), "{error}");
    }
}

#[test]
fn on_request_it_is_what_state_dict_gives() {
    let options = ReadOptions::default().whole_models(true);
    for name in ["whole_model.zip", "whole_model.legacy"] {
        let document = codec::Document::open_with(path(&format!("{name}.pt")), &options).unwrap();
        let map = document.state_map().unwrap();
        assert_eq!(map_lines(&map), expected(name));
        assert!(map.metadata().is_none());
        let first = map.get("first.weight").unwrap();
        assert!(first.same_as(map.get("again.weight").unwrap()));
    }
}

#[test]
fn without_the_option_an_opaque_model_is_no_state_dict() {
    let options = ReadOptions::default().opaque(true);
    let document = codec::Document::open_with(path("whole_model.zip.pt"), &options).unwrap();
    let error = document.state_map().unwrap_err().to_string();
    assert!(error.contains("whole_models"), "{error}");
}

#[test]
fn it_is_read_after_an_edit_beside_it_too() {
    let options = ReadOptions::default().whole_models(true);
    let model = Checkpoint::open_with(path("whole_model.zip.pt"), &options).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nested.pt");
    let mut outer = Checkpoint::new();
    outer.set_graph("net", model.graph()).unwrap();
    outer.save(&file).unwrap();

    let mut checkpoint = Checkpoint::open_with(&file, &options).unwrap();
    let before = map_lines(&checkpoint.state_dict("net").unwrap());
    checkpoint.set_value("epoch", 2).unwrap();
    assert_eq!(map_lines(&checkpoint.state_dict("net").unwrap()), before);
}

#[test]
fn one_beside_other_values_is_named_where_its_state_dict_is_asked_for() {
    let inert = ReadOptions::new().opaque(true);
    let model = Checkpoint::open_with(path("whole_model.zip.pt"), &inert).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("yolo.pt");
    let mut outer = Checkpoint::new();
    outer.set_value("epoch", 1).unwrap();
    outer.set_graph("model", model.graph()).unwrap();
    outer.save(&file).unwrap();

    let checkpoint = Checkpoint::open(&file).unwrap();
    assert_eq!(checkpoint.get::<i64>("epoch").unwrap(), 1);
    let error = statedict::StateMap::load(&file).unwrap_err().to_string();
    assert!(error.contains("a whole model") && error.contains("whole_models(true)"), "{error}");
    let read = ReadOptions::new().whole_models(true);
    let map = statedict::StateMap::load_with(&file, &read).unwrap();
    assert_eq!(map_lines(&map), expected("whole_model.zip"));
}
