use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(4)]
struct Net {
    #[param]
    #[renamed(since = 2, from = "w")]
    #[renamed(since = 4, from = "bias")]
    weight: T,
    #[param]
    #[since(3)]
    bias: T,
}

fn main() {}
