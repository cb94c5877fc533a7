use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[flatten]
    #[buffer]
    mean: T,
    #[flatten]
    #[persistent(false)]
    mask: T,
}

fn main() {}
