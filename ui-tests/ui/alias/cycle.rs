use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(a = b, b = c)]
#[alias(c = a)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
