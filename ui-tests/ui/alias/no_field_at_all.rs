use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(head = decoder)]
struct Net {
    #[skip]
    cache: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
