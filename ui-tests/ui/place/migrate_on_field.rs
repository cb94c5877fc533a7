use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    #[migrate(to = 2, with = step)]
    weight: T,
}

fn main() {}
