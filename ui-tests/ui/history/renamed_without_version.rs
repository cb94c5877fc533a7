use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    #[renamed(since = 2, from = "w")]
    weight: T,
}

fn main() {}
