use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(f3 = fc, "f4.weight" = "f3.weight", "f3.bias" = scale)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
