use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, "weight")]
struct Net {
    #[param]
    weight: T,
}

fn main() {}
