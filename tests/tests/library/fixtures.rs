//! What torch wrote loads where there is no torch: the committed files, against torch's own words.

use statedict::prelude::*;
use statedict_tests::models::{AutoEncoder, ConvBatchNorm, MyModule, MyModuleV2, TheModelClass};
use statedict_tests::{Description, fixture, fixtures};

/// Loads a fixture strictly into `fresh` and compares every element.
#[track_caller]
fn loads<M: StateDict>(name: &str, mut fresh: M) {
    let expected = &fixtures()[name].content;
    let map = StateMap::load(fixture(name)).unwrap();
    Description::of(&map).assert_is(expected);
    let report = fresh.load(fixture(name)).unwrap();
    assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{report}");
    Description::of(&fresh.state_dict().unwrap()).assert_is(expected);
}

#[test]
fn every_model_loads_from_its_fixture() {
    loads("the_model_class_small.pt", TheModelClass::small());
    loads("conv_batch_norm.pt", ConvBatchNorm::zeros());
    loads("auto_encoder.pt", AutoEncoder::zeros());
    loads("quickstart.v1.pt", MyModule::zeros());
    loads("my_module_v2.pt", MyModuleV2::zeros());
}

#[test]
fn files_of_older_versions_of_torch_load_the_same() {
    loads("quickstart.v1.torch1.13.pt", MyModule::zeros());
}

#[test]
fn version_1_loads_into_version_2_and_leaves_the_new_layers_alone() {
    let expected = &fixtures()["quickstart.v1.pt"].content;
    let mut model = MyModuleV2::zeros();
    let before = Description::of(&model.state_dict().unwrap());
    let report = model.load(fixture("quickstart.v1.pt")).unwrap();
    assert_eq!(report.defaulted.len(), 7, "{report}");

    let after = Description::of(&model.state_dict().unwrap());
    for tensor in &after.tensors {
        let new = tensor.key.starts_with("bn.") || tensor.key.starts_with("head.");
        let source = if new { before.tensor(&tensor.key) } else { expected.tensor(&tensor.key) };
        assert_eq!(tensor.bytes, source.bytes, "{}", tensor.key);
    }
}

#[test]
fn a_wrong_shape_among_good_keys_changes_nothing() {
    let mut model = ConvBatchNorm::zeros();
    let before = Description::of(&model.state_dict().unwrap());
    let mut map = StateMap::load(fixture("conv_batch_norm.pt")).unwrap();
    map.insert("fc.bias", TensorView::from_vec(vec![1.0f32; 4], [4]).unwrap());
    let error = model.load_state_dict(&map).unwrap_err().to_string();
    assert!(error.contains("fc.bias"), "{error}");
    Description::of(&model.state_dict().unwrap()).assert_is(&before);
}
