use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(head = mask)]
struct Net {
    #[persistent(false)]
    mask: T,
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
