use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[persistent(false)]
    weight: T,
}

fn main() {}
