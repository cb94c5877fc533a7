use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[rename("weight ")]
    weight: T,
    #[param]
    #[rename("a\tb")]
    bias: T,
}

fn main() {}
