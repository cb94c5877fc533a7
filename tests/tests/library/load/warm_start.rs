//! Transfer learning and warm starts, as PyTorch's tutorials show them.

use statedict::prelude::*;
use statedict::{KeyMap, LoadOptions};

#[derive(StateDict, Clone, Debug, PartialEq)]
struct Linear {
    #[param]
    weight: Vec<f32>,
    #[param]
    bias: Vec<f32>,
}

fn linear(value: f32, size: usize) -> Linear {
    Linear { weight: vec![value; size], bias: vec![value; 2] }
}

/// "Warmstarting a model using parameters from a different model": what fits by name is loaded.
#[test]
fn a_model_starts_from_another_ones_parameters() {
    #[derive(StateDict)]
    struct NetA {
        fc1: Linear,
        fc2: Linear,
    }
    #[derive(StateDict)]
    struct NetB {
        fc1: Linear,
        output: Linear,
    }
    let a = NetA { fc1: linear(1.0, 4), fc2: linear(2.0, 4) };
    let mut b = NetB { fc1: linear(0.0, 4), output: linear(0.0, 4) };
    let state = a.state_dict().unwrap();
    let report = b.load_state_dict_with(&state, &LoadOptions::new().strict(false)).unwrap();
    assert_eq!((&b.fc1, &b.output), (&linear(1.0, 4), &linear(0.0, 4)));
    assert_eq!(report.missing, ["output.weight", "output.bias"]);
    assert_eq!(report.unexpected, ["fc2.weight", "fc2.bias"]);

    // "If the parameter keys differ, change the name of the keys": then it is strict again.
    let rules = KeyMap::new().replace(r"^fc2\.", "output.").unwrap();
    b.load_state_dict_with(&state, &LoadOptions::new().map_keys(rules)).unwrap();
    assert_eq!(b.output, linear(2.0, 4));
}

/// A body that was trained with a thousand classes, under a head for ten: only the head is new.
#[test]
fn a_trained_body_gets_a_new_head() {
    #[derive(StateDict)]
    struct Classifier {
        body: Linear,
        head: Linear,
    }
    let trained = Classifier { body: linear(1.0, 4), head: linear(1.0, 1000) };
    let mut fresh = Classifier { body: linear(0.0, 4), head: linear(0.5, 10) };
    let state = trained.state_dict().unwrap();
    assert!(fresh.load_state_dict_with(&state, &LoadOptions::new().strict(false)).is_err());

    let report =
        fresh.load_state_dict_with(&state, &LoadOptions::new().ignore_mismatched(true)).unwrap();
    assert_eq!(fresh.body, linear(1.0, 4));
    assert_eq!(fresh.head.weight, vec![0.5; 10]);
    assert_eq!(report.mismatched.len(), 1);

    // Or the body alone, from its part of the file.
    let body = state.select_prefix("body").unwrap();
    fresh.body = linear(0.0, 4);
    fresh.body.load_state_dict(&body).unwrap();
    assert_eq!(fresh.body, linear(1.0, 4));
}
