use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[rename("w")]
struct Linear {
    #[param]
    weight: T,
}

fn main() {}
