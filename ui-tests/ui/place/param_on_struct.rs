use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[param]
struct Linear {
    #[param]
    weight: T,
}

fn main() {}
