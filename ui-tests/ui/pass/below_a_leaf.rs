//! A module of PyTorch may write keys below one of its tensors: bitsandbytes' `weight.absmax`.
use statedict::prelude::*;

#[derive(StateDict)]
struct Linear4bit {
    #[param]
    weight: Vec<u8>,
    #[param]
    bias: Vec<f32>,
    #[buffer]
    #[rename("weight.absmax")]
    absmax: Vec<f32>,
    #[buffer]
    #[rename("weight.quant_state.bitsandbytes__nf4")]
    quant_state: Vec<u8>,
}

fn main() {
    let layer = || Linear4bit { weight: vec![1], bias: vec![0.0], absmax: vec![2.0], quant_state: vec![3] };
    let keys: Vec<String> = layer().state_dict().unwrap().keys().map(String::from).collect();
    assert_eq!(keys, ["weight", "bias", "weight.absmax", "weight.quant_state.bitsandbytes__nf4"]);
}
