use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(scale = fc)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
