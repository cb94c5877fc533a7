use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(3)]
struct Net {
    #[param]
    #[renamed(since = 2, from = "a")]
    #[renamed(since = 2, from = "b")]
    weight: T,
}

fn main() {}
