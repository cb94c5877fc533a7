use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param = "w"]
    weight: T,
    #[skip(serializing)]
    cache: T,
    #[state_dict(buffer(true))]
    mean: T,
}

fn main() {}
