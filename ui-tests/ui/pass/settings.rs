//! What has no state needs no `#[skip]`, or one for its type.
#![deny(warnings)]

use std::time::Duration;

use statedict::prelude::*;

#[derive(StateDict)]
#[skip]
enum Activation {
    Relu,
    Elu(f64),
}

#[derive(StateDict)]
#[skip]
struct Config<T> {
    weights: Vec<f32>,
    timeout: Duration,
    other: T,
}

#[derive(StateDict)]
struct Conv {
    #[param]
    weight: Vec<f32>,
    stride: (usize, usize),
    padding: [usize; 2],
    groups: Option<usize>,
    dropout: Option<f64>,
    mode: Option<&'static str>,
    forward: fn(&[f32]) -> Vec<f32>,
    last: Option<fn(f32) -> f32>,
    activation: Activation,
    config: Config<Duration>,
    several: Vec<Activation>,
}

fn main() {
    let conv = Conv {
        weight: vec![1.0],
        stride: (1, 1),
        padding: [0; 2],
        groups: None,
        dropout: Some(0.5),
        mode: Some("same"),
        forward: <[f32]>::to_vec,
        last: None,
        activation: Activation::Elu(1.0),
        config: Config { weights: vec![], timeout: Duration::ZERO, other: Duration::ZERO },
        several: vec![Activation::Relu],
    };
    let state_dict = conv.state_dict().unwrap();
    assert_eq!(state_dict.keys().collect::<Vec<_>>(), ["weight"]);
    let modules: Vec<&str> = state_dict.metadata().unwrap().iter().map(|(path, _)| path).collect();
    assert_eq!(modules, ["", "several"]);
    assert_eq!(conv.stride.0 + conv.padding[0] + conv.groups.unwrap_or(0), 1);
    assert!(conv.dropout.is_some() && conv.mode.is_some() && conv.last.is_none());
    assert_eq!((conv.forward)(&conv.config.weights).len(), 0);
    assert!(conv.config.timeout == conv.config.other && conv.several.len() == 1);
    assert!(matches!(conv.activation, Activation::Elu(alpha) if alpha == 1.0));
}
