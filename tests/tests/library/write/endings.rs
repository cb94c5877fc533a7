//! One rule says in which format a file is saved, and saving without options is saving with the default ones.

use std::path::Path;

use statedict::codec::ArchiveLayout;
use statedict::codec::{self, ContainerKind};
use statedict::prelude::*;
use statedict::tensor::Storage;
use statedict::{Checkpoint, DType, ReadOptions, WriteOptions};

#[derive(StateDict)]
struct Model {
    #[param]
    weight: Vec<f32>,
    #[buffer]
    steps: i64,
}

fn model() -> Model {
    Model { weight: vec![0.5, 1.5], steps: 7 }
}

/// A tensor of a part of a storage: what options decide about is in it.
fn map() -> StateMap<'static> {
    let storage = Storage::from_bytes(vec![3u8; 4096]);
    let mut map = StateMap::new();
    map.insert("part", TensorView::contiguous(storage, DType::F32, [4], 100).unwrap());
    map
}

fn container(path: &Path) -> ContainerKind {
    codec::Document::open_with(path, &ReadOptions::new()).unwrap().container()
}

#[test]
fn the_ending_says_the_format_for_everything_that_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("weight", TensorView::full(1.0f32, [2]).unwrap()).unwrap();
    for (name, kind) in [
        ("a.safetensors", ContainerKind::Safetensors),
        ("a.pt", ContainerKind::Zip),
        ("a.bin", ContainerKind::Zip),
        ("safetensors", ContainerKind::Zip),
    ] {
        let path = file(name);
        model().save(&path).unwrap();
        assert_eq!(container(&path), kind, "{name}");
        let mut fresh = Model { weight: vec![0.0; 2], steps: 0 };
        fresh.load(&path).unwrap();
        assert_eq!((fresh.weight, fresh.steps), (vec![0.5, 1.5], 7));
        map().save(&path).unwrap();
        assert_eq!(container(&path), kind, "{name}");
        checkpoint.save(&path).unwrap();
        assert_eq!(container(&path), kind, "{name}");
        // What is asked for goes before the ending.
        let legacy = WriteOptions::new().layout(ArchiveLayout::Legacy);
        map().save_with(&path, &legacy).unwrap();
        assert_eq!(container(&path), ContainerKind::Legacy, "{name}");
        model().save_with(&path, &WriteOptions::new().safetensors()).unwrap();
        assert_eq!(container(&path), ContainerKind::Safetensors, "{name}");
    }
    let mut bytes = Vec::new();
    map().write_with(&mut bytes, &WriteOptions::new().safetensors()).unwrap();
    map().save(file("b.safetensors")).unwrap();
    assert_eq!(bytes, std::fs::read(file("b.safetensors")).unwrap());
}

#[test]
fn saving_is_saving_with_the_default_options() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a.pt", "a.safetensors"] {
        let path = directory.path().join(name);
        let both = |one: &dyn Fn(&Path), other: &dyn Fn(&Path)| {
            one(&path);
            let first = std::fs::read(&path).unwrap();
            other(&path);
            assert_eq!(first, std::fs::read(&path).unwrap(), "{name}");
        };
        let (map, model, options) = (map(), model(), WriteOptions::new());
        both(&|path| map.save(path).unwrap(), &|path| map.save_with(path, &options).unwrap());
        both(&|path| model.save(path).unwrap(), &|path| model.save_with(path, &options).unwrap());
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_value("part", map.get("part").unwrap().clone()).unwrap();
        both(&|path| checkpoint.save(path).unwrap(), &|path| {
            checkpoint.save_with(path, &options).unwrap()
        });
    }
}

#[test]
fn what_is_no_state_dict_is_no_safetensors_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.safetensors");
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_value("epoch", 5).unwrap();
    let error = checkpoint.save(&path).unwrap_err().to_string();
    assert!(error.contains("epoch") && error.contains("a tensor"), "{error}");
    let graph = statedict::value::Graph::of("text");
    let error = graph.save_with(&path, &WriteOptions::new()).unwrap_err().to_string();
    assert!(error.contains("hold a state dict"), "{error}");
    assert!(!path.exists());
}
