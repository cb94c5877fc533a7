use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(3)]
struct Net {
    #[param]
    #[renamed(since = 3, from = "qv")]
    q: T,
    #[param]
    #[renamed(since = 2, from = "qv")]
    v: T,
}

fn main() {}
