use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(head = decoder)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
