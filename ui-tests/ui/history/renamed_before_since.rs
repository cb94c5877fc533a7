use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(3)]
struct Net {
    #[param]
    #[since(3)]
    #[renamed(since = 2, from = "old")]
    weight: T,
    #[param]
    #[since(2)]
    #[renamed(since = 2, from = "b")]
    bias: T,
}

fn main() {}
