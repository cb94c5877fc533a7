use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[state_dict(trainable)]
    weight: T,
    #[state_dict(non_persistent)]
    mask: T,
    #[state_dict(ignore)]
    cache: T,
    #[state_dict(tied)]
    head: T,
}

fn main() {}
