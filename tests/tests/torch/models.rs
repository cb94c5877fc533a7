//! There and back: what torch saved loads into annotated structs, what we save loads into the same
//! classes of torch, and on both ways every element, version and shared storage stays what it was.

use std::fs;

use serde_json::{Value, json};
use statedict::DType;
use statedict::prelude::*;
use statedict_tests::models::{AutoEncoder, ConvBatchNorm, MyModule, MyModuleV2, TheModelClass};
use statedict_tests::{Description, Torch, fixture, temp_dir};

/// The whole round trip of one model, `fresh` being its struct and `class` its name in Python.
#[track_caller]
fn there_and_back<M: StateDict>(class: &str, mut fresh: M, seed: u64) {
    let torch = Torch::start();
    let folder = temp_dir();
    let theirs = folder.path().join("theirs.pt");
    let saved: Description =
        torch.get("checkpoint.save", json!({"model": class, "path": theirs, "seed": seed}));

    // The file as it is, then the model it fills.
    Description::of(&StateMap::load(&theirs).unwrap()).assert_is(&saved);
    let report = fresh.load(&theirs).unwrap();
    assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{report}");
    assert!(report.migrations.is_empty() && report.converted.is_empty(), "{report}");
    Description::of(&fresh.state_dict().unwrap()).assert_is(&saved);

    // Back, into a new model of torch's; it saves again under the same name, which is in the bytes.
    let ours = folder.path().join("ours.pt");
    fresh.save(&ours).unwrap();
    fs::create_dir(folder.path().join("again")).unwrap();
    let again = folder.path().join("again/ours.pt");
    let loaded: Value =
        torch.call("checkpoint.load", json!({"model": class, "path": ours, "resave": again}));
    for what in ["file", "model"] {
        let found: Description = serde_json::from_value(loaded[what].clone()).unwrap();
        found.assert_is(&saved);
    }
    assert!(
        fs::read(&ours).unwrap() == fs::read(&again).unwrap(),
        "{class}: not the bytes that torch.save writes"
    );
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn the_tutorials_net() {
    there_and_back("TheModelClass", TheModelClass::full(), 11);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn batch_normalisation_with_its_count() {
    there_and_back("ConvBatchNorm", ConvBatchNorm::zeros(), 12);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn sequentials_in_sequentials() {
    there_and_back("AutoEncoder", AutoEncoder::zeros(), 13);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn an_alias_shares_its_storage() {
    there_and_back("MyModule", MyModule::zeros(), 14);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn an_alias_after_the_new_layers_of_version_2() {
    there_and_back("MyModuleV2", MyModuleV2::zeros(), 15);
}

/// Keys that are a tensor and lead to others: what a module writes below its weight.
#[derive(StateDict)]
struct Linear4bit {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
    #[buffer]
    #[rename("weight.absmax")]
    absmax: CpuTensor,
    #[buffer]
    #[rename("weight.quant_map")]
    quant_map: CpuTensor,
    #[buffer]
    #[rename("weight.quant_state.bitsandbytes__nf4")]
    quant_state: CpuTensor,
}

#[derive(StateDict)]
struct LayerNorm {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

#[derive(StateDict)]
struct Quantized {
    layers: Vec<Linear4bit>,
    norm: LayerNorm,
}

impl Quantized {
    fn zeros() -> Quantized {
        let float = |shape: &[usize]| CpuTensor::zeros(DType::F32, shape.to_vec());
        let byte = |shape: &[usize]| CpuTensor::zeros(DType::U8, shape.to_vec());
        let layer = || Linear4bit {
            weight: byte(&[12, 1]),
            bias: float(&[6]),
            absmax: float(&[4]),
            quant_map: float(&[4]),
            quant_state: byte(&[4]),
        };
        let norm = LayerNorm { weight: float(&[6]), bias: float(&[6]) };
        Quantized { layers: vec![layer(), layer()], norm }
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn keys_below_a_tensor() {
    there_and_back("Quantized", Quantized::zeros(), 16);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_loads_a_model_upgraded_from_version_1() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("v2.pt");
    let mut model = MyModuleV2::zeros();
    model.load(fixture("quickstart.v1.pt")).unwrap();
    model.save(&path).unwrap();

    let args = json!({"model": "MyModuleV2", "path": path});
    let loaded: Value = torch.call("checkpoint.load", args);
    let found: Description = serde_json::from_value(loaded["model"].clone()).unwrap();
    found.assert_is(&Description::of(&model.state_dict().unwrap()));
    assert_eq!(found.version(""), Some(2));
    assert_eq!(found.shared(), [["fc.weight", "f3.weight"]]);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn torch_refuses_a_checkpoint_of_another_model_of_ours() {
    let torch = Torch::start();
    let folder = temp_dir();
    let path = folder.path().join("v1.pt");
    MyModule::zeros().save(&path).unwrap();
    let args = json!({"model": "MyModuleV2", "path": path});
    let error = torch.try_call("checkpoint.load", args).unwrap_err();
    assert_eq!(error.kind, "RuntimeError");
    assert!(error.message.contains("Missing key(s) in state_dict: \"bn.weight\""), "{error}");
}
