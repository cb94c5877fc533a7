//! Safetensors files against Python's library, in both directions.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use statedict::DType;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict_tests::{Torch, temp_dir};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[derive(StateDict)]
struct Model {
    #[param]
    weight: [[f32; 2]; 2],
    #[buffer]
    steps: i64,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn python_reads_what_is_saved() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("all.safetensors");
    let types = [
        DType::Bool,
        DType::U8,
        DType::I8,
        DType::I16,
        DType::U16,
        DType::I32,
        DType::U32,
        DType::I64,
        DType::U64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::F8E5M2,
        DType::F8E4M3FN,
        DType::F8E4M3FNUZ,
        DType::F8E5M2FNUZ,
        DType::F8E8M0FNU,
    ];
    let mut map = StateMap::new();
    for dtype in types {
        let bytes: Vec<u8> = (0..6 * dtype.size()).map(|at| u8::from(at % 2 == 1)).collect();
        let storage = statedict::tensor::Storage::from_bytes(bytes);
        map.insert(dtype.to_string(), TensorView::contiguous(storage, dtype, [2, 3], 0).unwrap());
    }
    map.insert("empty", TensorView::from_vec(Vec::<f32>::new(), [0, 4]).unwrap());
    map.file_metadata_mut().insert("license".to_owned(), "MIT".to_owned());
    let mut metadata = Metadata::default();
    metadata.insert("", ModuleMetadata::with_version(1));
    *map.metadata_mut() = Some(metadata);
    map.save(&path).unwrap();
    let found: Json = torch.get("safetensors_files.describe", json!([path]));
    assert_eq!(found["metadata"]["license"], "MIT");
    assert_eq!(found["metadata"]["format"], "pt");
    assert_eq!(found["tensors"].as_object().unwrap().len(), map.len());
    for (key, tensor) in map.iter() {
        let expected = json!([
            tensor.dtype().to_string(),
            tensor.shape().to_vec(),
            hex(&tensor.bytes().unwrap())
        ]);
        assert_eq!(found["tensors"][key], expected, "{key}");
    }

    let model = Model { weight: [[0.5, -1.5], [2.0, 3.0]], steps: 9 };
    model.save(&path).unwrap();
    let found: Json = torch.get("safetensors_files.describe", json!([path]));
    assert_eq!(found["tensors"]["weight"][1], json!([2, 2]));
    assert_eq!(found["tensors"]["steps"], json!(["int64", [], "0900000000000000"]));
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn what_python_saved_is_read_and_written_back() {
    let torch = Torch::start();
    let folder = temp_dir();
    let [plain, tied, theirs, again] =
        ["plain.safetensors", "tied.safetensors", "model.pt", "again.safetensors"]
            .map(|name| folder.path().join(name));
    let _: Json = torch.get("safetensors_files.save", json!([plain, tied, theirs]));
    let expected = StateMap::load(&theirs).unwrap();
    for path in [&plain, &tied] {
        let map = StateMap::load(path).unwrap();
        assert_eq!(map.len(), expected.len());
        for (key, tensor) in expected.iter() {
            let found = map.get(key).unwrap();
            assert_eq!((found.dtype(), found.shape()), (tensor.dtype(), tensor.shape()), "{key}");
            assert_eq!(found.bytes().unwrap(), tensor.bytes().unwrap(), "{key}");
        }
        let storage = |key| map.get(key).unwrap().storage();
        let is_tied = storage("first.weight").same_as(storage("last.weight"));
        assert_eq!(is_tied, path == &tied);
        map.save(&again).unwrap();
        let (before, after): (Json, Json) = (
            torch.get("safetensors_files.describe", json!([path])),
            torch.get("safetensors_files.describe", json!([again])),
        );
        assert_eq!(before["tensors"], after["tensors"]);
        for (name, text) in before["metadata"].as_object().unwrap() {
            assert_eq!(&after["metadata"][name], text, "{name}");
        }
        // What its own model does not take of a file that has both names, it does not take of ours.
        let keys = |path| torch.get::<Json>("safetensors_files.load_tied", json!([path]));
        assert_eq!(keys(path), keys(&again));
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_tie_is_where_python_recorded_one_and_nowhere_else() {
    let torch = Torch::start();
    let folder = temp_dir();
    let files: BTreeMap<PathBuf, BTreeMap<String, String>> =
        torch.get("safetensors_files.save_tied", json!([folder.path()]));
    assert_eq!(files.len(), 10);
    let again = folder.path().join("again.safetensors");
    for (path, names) in &files {
        let map = StateMap::load(path).unwrap();
        let mut keys: Vec<&str> = map.keys().collect();
        keys.sort_unstable();
        assert!(keys.iter().eq(names.keys()), "{}: {keys:?}", path.display());
        for (key, view) in map.iter() {
            for (other, second) in map.iter() {
                let is_tied = view.storage().same_as(second.storage());
                assert_eq!(
                    is_tied,
                    names[key] == names[other],
                    "{}: {key} {other}",
                    path.display()
                );
            }
        }
        map.save(&again).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        torch.call("safetensors_files.check_tied", json!([path, again, name]));
    }
}
