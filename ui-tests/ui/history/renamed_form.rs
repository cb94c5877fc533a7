use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Net {
    #[param]
    #[renamed(since = 2, form = "w")]
    weight: T,
}

fn main() {}
