//! The fixtures are what PyTorch writes, and loads.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use statedict_tests::{Description, Torch, fixture, fixtures, temp_dir};

/// Asserts that a script wrote the committed file: to the byte, but for the last bits of what torch computed.
#[track_caller]
pub(crate) fn assert_written(torch: &Torch, written: &Path, committed: &Path) {
    if fs::read(written).unwrap() == fs::read(committed).unwrap() {
        return;
    }
    let difference: Option<String> =
        torch.get("fixture_files.difference", json!([written, committed]));
    assert_eq!(difference, None, "{} is not what its script writes", committed.display());
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_script_writes_the_committed_bytes() {
    let torch = Torch::start();
    let folder = temp_dir();
    // Entries of other versions of torch stay as they are.
    let index = folder.path().join("fixtures.json");
    fs::copy(fixture("fixtures.json"), &index).unwrap();
    torch.call("make.write", json!([folder.path()]));

    let mut compared = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let committed = fixture(&path.file_name().unwrap().to_string_lossy());
        let same = fs::read(&path).unwrap() == fs::read(&committed).unwrap();
        assert!(same, "{} is not what make.py writes", committed.display());
        compared += 1;
    }
    assert!(compared >= 6, "make.py wrote {compared} files");
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_script_writes_the_committed_architectures() {
    let torch = Torch::start();
    let folder = temp_dir();
    torch.call("make_architectures.write", json!([folder.path()]));
    let mut compared = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_written(&torch, &path, &fixture(&format!("architectures/{name}")));
        compared += 1;
    }
    assert_eq!(compared, 7);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_loads_every_fixture_into_its_model() {
    let torch = Torch::start();
    for (name, expected) in fixtures() {
        let args = json!({"model": expected.model, "path": fixture(&name)});
        let loaded: Value = torch.call("checkpoint.load", args);
        for what in ["file", "model"] {
            let found: Description = serde_json::from_value(loaded[what].clone()).unwrap();
            assert_eq!(found, expected.content, "{name}: {what}");
        }
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_models_are_the_ones_the_rust_structs_mirror() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("model.pt");
    for legacy in [false, true] {
        let args = json!({"model": "MyModule", "path": path, "legacy": legacy});
        let saved: Description = torch.get("checkpoint.save", args);
        assert_eq!(
            saved.keys(),
            [
                "my_param",
                "my_buffer",
                "fc.weight",
                "conv.weight",
                "conv.bias",
                "fc2.weight",
                "f3.weight"
            ]
        );
        assert_eq!(saved.shared(), [["fc.weight", "f3.weight"]]);
        let read: Description = torch.get("checkpoint.describe", json!([path]));
        assert_eq!(read, saved);
    }

    let args = json!({"model": "MyModuleV2", "path": path});
    let saved: Description = torch.get("checkpoint.save", args);
    assert_eq!(saved.keys().last(), Some(&"f3.weight"));
    assert_eq!((saved.version(""), saved.version("bn")), (Some(2), Some(2)));
    let tracked = &saved.tensor("bn.num_batches_tracked");
    assert_eq!((tracked.dtype.as_str(), tracked.bytes.len()), ("int64", 8));
    assert_ne!(tracked.bytes, [0; 8]);
}
