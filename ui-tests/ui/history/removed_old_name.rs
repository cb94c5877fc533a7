use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(3)]
#[removed(since = 2, "w")]
#[removed(since = 3, "kernel")]
struct Net {
    #[param]
    #[renamed(since = 3, from = "w")]
    weight: T,
    #[param]
    kernel: T,
}

fn main() {}
