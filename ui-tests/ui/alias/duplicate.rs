use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(f3 = fc)]
#[alias(f3 = scale)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
