use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    weight: T,
    #[param]
    #[rename("weight")]
    scale: T,
}

fn main() {}
