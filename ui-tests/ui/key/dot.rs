use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[rename("norm.weight")]
    weight: T,
}

fn main() {}
