//! The models of the examples: what torch's checkpoint gives our model, ours gives torch's.

use std::fs;

use serde_json::{Value as Json, json};
use statedict::prelude::*;
use statedict::{Checkpoint, DType, KeyMap, LoadOptions};
use statedict_tests::{Torch, fixtures_folder, temp_dir};

#[derive(StateDict, Clone)]
struct Linear {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

/// `Classifier` of `classifiers.py`.
#[derive(StateDict, Clone)]
struct Classifier {
    features: Linear,
    head: Linear,
}

fn classifier(classes: usize) -> Classifier {
    let linear = |inputs, outputs| Linear {
        weight: CpuTensor::zeros(DType::F32, [outputs, inputs]),
        bias: CpuTensor::zeros(DType::F32, [outputs]),
    };
    Classifier { features: linear(4, 16), head: linear(16, classes) }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_script_writes_the_committed_checkpoints() {
    let torch = Torch::start();
    let folder = temp_dir();
    torch.call("make_checkpoints.write", json!([folder.path()]));
    let mut compared = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let committed = fixtures_folder().join("checkpoints").join(path.file_name().unwrap());
        assert!(
            fs::read(&path).unwrap() == fs::read(&committed).unwrap(),
            "{}",
            committed.display()
        );
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_data_parallel_checkpoint_becomes_a_plain_one_and_back() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = fixtures_folder().join("checkpoints/data_parallel.pt");
    let options = LoadOptions::new().map_keys(KeyMap::new().strip_prefix("module."));
    let mut model = classifier(10);
    model.load_with(&theirs, &options).unwrap();

    let path = folder.path().join("plain.pt");
    let mut plain = Checkpoint::new();
    plain.set_state_dict("model_state_dict", &model).unwrap();
    plain.save(&path).unwrap();
    let ours: Json = torch.call("classifiers.predict", json!([path]));
    // The same, with the prefix taken away by PyTorch.
    let state = Checkpoint::open(&theirs).unwrap().find_state_dict().unwrap();
    let mut stripped = Checkpoint::open(&theirs).unwrap();
    stripped.set_state_map("state_dict", &state.strip_prefix("module").unwrap()).unwrap();
    stripped.save(&path).unwrap();
    let expected: Json = torch.call("classifiers.predict", json!([path, "state_dict"]));
    assert_eq!(ours, expected);
    assert!(ours[0][0].is_number());

    // And wrapped again, for a training on several devices: the file is the one it was.
    let again = folder.path().join("data_parallel.pt");
    let wrapped = model.state_dict().unwrap().add_prefix("module").unwrap();
    let mut checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.set_state_map("state_dict", &wrapped).unwrap();
    checkpoint.save(&again).unwrap();
    let modules: Vec<String> = torch.get("classifiers.load_parallel", json!([again]));
    assert_eq!(modules, ["module", "module.features", "module.head"]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn a_warm_started_model_with_a_new_head_is_one_that_torch_loads() {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = fixtures_folder().join("checkpoints/classifier.pt");
    let mut model = classifier(3);
    let report = model.load_with(&theirs, &LoadOptions::new().ignore_mismatched(true)).unwrap();
    assert_eq!(report.loaded, ["features.weight", "features.bias"]);

    let path = folder.path().join("warm_start.pt");
    let mut checkpoint = Checkpoint::open(&theirs).unwrap();
    checkpoint.remove("optimizer_state_dict").unwrap();
    checkpoint.set("epoch", 0).unwrap();
    checkpoint.set_state_dict("model_state_dict", &model).unwrap();
    checkpoint.save(&path).unwrap();
    // The head is nothing yet.
    let logits: Vec<Vec<f64>> = torch.get("classifiers.predict", json!([path]));
    assert_eq!(logits, vec![vec![0.0; 3]; 8]);
}
