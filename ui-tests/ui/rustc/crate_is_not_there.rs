use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[state_dict(crate = nowhere)]
struct Linear {
    #[param]
    weight: T,
}

fn main() {}
