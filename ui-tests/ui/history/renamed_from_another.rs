use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Net {
    #[param]
    #[renamed(since = 2, from = "bias")]
    weight: T,
    #[param]
    bias: T,
}

fn main() {}
