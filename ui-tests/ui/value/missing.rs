use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version]
#[alias]
struct Linear {
    #[param]
    #[rename]
    weight: T,
    #[persistent]
    mask: T,
    #[param]
    #[since()]
    bias: T,
}

fn main() {}
