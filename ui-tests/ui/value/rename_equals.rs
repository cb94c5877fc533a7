use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[rename = "w"]
    weight: T,
    #[state_dict(param, rename = "b")]
    bias: T,
}

fn main() {}
