use statedict::StateDict;
use statedict_ui_tests::T;

#[version(2)]
#[derive(StateDict)]
struct Linear {
    #[param]
    weight: T,
}

fn main() {}
