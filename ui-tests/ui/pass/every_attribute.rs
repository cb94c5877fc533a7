use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(3)]
#[alias(f3 = fc, "lm_head.weight" = "wte.weight")]
#[alias("again" = scale)]
struct Net {
    wte: Child,
    #[param]
    scale: T,
    #[param]
    bias: Option<T>,
    #[buffer]
    #[since(3)]
    mean: T,
    #[persistent(false)]
    mask: T,
    #[rename("fully_connected")]
    #[since(2)]
    fc: Child,
    #[skip]
    cache: Vec<f32>,
    #[state_dict(param, rename("last"), since(2))]
    weight: T,
    name: String,
    steps: usize,
    activation: fn(f32) -> f32,
    about: &'static str,
    unit: (),
}

#[derive(StateDict)]
struct Child;

fn main() {}
