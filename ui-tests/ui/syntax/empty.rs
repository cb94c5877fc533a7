use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[state_dict()]
    weight: T,
}

fn main() {}
