use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Linear {
    #[since(2)]
    #[persistent(false)]
    mask: T,
}

fn main() {}
