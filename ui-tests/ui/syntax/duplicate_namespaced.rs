use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[state_dict(param)]
    weight: T,
    #[state_dict(buffer, buffer)]
    mean: T,
}

fn main() {}
