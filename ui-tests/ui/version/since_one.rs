use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Linear {
    #[param]
    #[since(1)]
    weight: T,
}

fn main() {}
