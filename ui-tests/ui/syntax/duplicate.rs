use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[rename("a")]
    #[rename("b")]
    weight: T,
}

fn main() {}
