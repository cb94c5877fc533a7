use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
#[removed(since = 3, "bias")]
struct Net {
    #[param]
    weight: T,
}

fn main() {}
