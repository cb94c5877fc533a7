use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2)]
struct Net {
    #[param]
    weight: T,
}

fn main() {}
