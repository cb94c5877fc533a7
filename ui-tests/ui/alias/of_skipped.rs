use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(head = cache)]
struct Net {
    #[skip]
    cache: T,
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
