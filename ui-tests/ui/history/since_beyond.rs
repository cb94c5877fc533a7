use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Net {
    #[param]
    #[since(3)]
    weight: T,
}

fn main() {}
