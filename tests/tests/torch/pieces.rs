//! The ready migrations, against the PyTorch modules that they stand for.

use serde::Deserialize;
use serde_json::json;
use statedict::prelude::*;
use statedict::state_map::{Metadata, ModuleMetadata};
use statedict::{Migration, migrations};
use statedict_tests::{Description, Torch};

#[derive(Deserialize)]
struct OldAndNew {
    old: Description,
    new: Description,
}

fn floats(map: &StateMap<'_>, key: &str) -> Vec<f32> {
    map.get(key).unwrap_or_else(|| panic!("no {key}")).to_vec().unwrap()
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn spectral_norm_finds_the_vector_that_torch_finds() {
    for (outputs, inputs, seed) in [(6, 4, 1), (5, 5, 2), (12, 3, 3)] {
        let both: OldAndNew =
            Torch::start().get("pieces.spectral_norm", json!([outputs, inputs, seed]));
        let map =
            Migration::run_alone(both.old.to_map(), |m| migrations::spectral_norm(m, "weight", 0));
        let map = map.unwrap();
        assert!(!map.contains_key("weight"));
        let (ours, theirs) = (floats(&map, "weight_v"), floats(&both.new.to_map(), "weight_v"));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!((ours - theirs).abs() < 1e-4, "{outputs}x{inputs}: {ours} and {theirs}");
        }
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn weight_norm_becomes_the_parametrization() {
    let both: OldAndNew = Torch::start().get("pieces.weight_norm", json!([4]));
    let map =
        Migration::run_alone(both.old.to_map(), |m| migrations::weight_norm(m, "weight")).unwrap();
    let new = both.new.to_map();
    let sorted = |map: &StateMap<'_>| {
        let mut keys: Vec<String> = map.keys().map(str::to_owned).collect();
        keys.sort();
        keys
    };
    assert_eq!(sorted(&map), sorted(&new));
    for (key, tensor) in new.iter() {
        assert_eq!(map.get(key).unwrap().bytes().unwrap(), tensor.bytes().unwrap(), "{key}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn packed_projections_are_cut_where_torch_cuts_them() {
    #[derive(Deserialize)]
    struct Attention {
        packed: Description,
        parts: Description,
    }
    let attention: Attention = Torch::start().get("pieces.attention", json!([5]));
    let names = ["q", "k", "v"];
    let map =
        Migration::run_alone(attention.packed.to_map(), |m| migrations::unpack_in_proj(m, names));
    let map = map.unwrap();
    for (key, tensor) in attention.parts.to_map().iter() {
        assert_eq!(map.get(key).unwrap().bytes().unwrap(), tensor.bytes().unwrap(), "{key}");
    }
    let back = Migration::run_alone(map, |m| migrations::pack_in_proj(m, names)).unwrap();
    for (key, tensor) in attention.packed.to_map().iter() {
        assert_eq!(back.get(key).unwrap().bytes().unwrap(), tensor.bytes().unwrap(), "{key}");
    }
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn instance_norm_is_refused_in_torchs_words() {
    let theirs: String = Torch::start().get("pieces.instance_norm", json!(["n."]));
    let mut map = StateMap::new();
    map.insert("running_mean", TensorView::full(0.0f32, [2]).unwrap());
    map.insert("running_var", TensorView::full(1.0f32, [2]).unwrap());
    let error = Migration::run_alone(map, |m| {
        migrations::instance_norm_without_stats(m, "InstanceNorm1d", "n.")
    });
    assert_eq!(error.unwrap_err().to_string(), theirs);
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn batch_norm_keeps_its_count_where_torch_keeps_it() {
    #[derive(StateDict)]
    #[version(2)]
    struct BatchNorm {
        #[param]
        weight: [f32; 2],
        #[param]
        bias: [f32; 2],
        #[buffer]
        running_mean: [f32; 2],
        #[buffer]
        running_var: [f32; 2],
        #[buffer]
        #[since(2)]
        num_batches_tracked: i64,
    }
    for version in [None, Some(1), Some(2)] {
        let theirs: Option<i64> = Torch::start().get("pieces.batch_norm", json!([version, 5]));
        let zeros = [0.0; 2];
        let mut model = BatchNorm {
            weight: zeros,
            bias: zeros,
            running_mean: zeros,
            running_var: zeros,
            num_batches_tracked: 5,
        };
        let mut map = StateMap::new();
        for key in ["weight", "bias", "running_mean", "running_var"] {
            map.insert(key, TensorView::full(1.0f32, [2]).unwrap());
        }
        *map.metadata_mut() = version.map(|version| {
            let mut metadata = Metadata::default();
            metadata.insert("", ModuleMetadata::with_version(version));
            metadata
        });
        let ours = model.load_state_dict(&map).ok().map(|_| model.num_batches_tracked);
        assert_eq!(ours, theirs, "version {version:?}");
    }
}
