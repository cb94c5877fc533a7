use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[state_dict(crate = ::statedict)]
    weight: T,
}

fn main() {}
