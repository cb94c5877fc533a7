use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[persistent("no")]
    mask: T,
    #[persistent(never)]
    cache: T,
    #[persistent = false]
    other: T,
}

fn main() {}
