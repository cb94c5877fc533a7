use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
#[version(3)]
struct Linear {
    #[param]
    weight: T,
}

fn main() {}
