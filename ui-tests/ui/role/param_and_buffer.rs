use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[buffer]
    weight: T,
    #[buffer]
    #[param]
    mean: T,
}

fn main() {}
