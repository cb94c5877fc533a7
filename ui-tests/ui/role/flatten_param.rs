use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    #[flatten]
    weight: T,
}

fn main() {}
