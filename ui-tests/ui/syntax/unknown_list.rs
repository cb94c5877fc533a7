use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[state_dict(quantized)]
    weight: T,
}

fn main() {}
