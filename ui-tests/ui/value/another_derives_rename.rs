use statedict::StateDict;
use statedict_ui_tests::T;

/// The other derive's `rename` takes `serialize = "..."`, which is none of ours.
#[derive(StateDict)]
struct Net {
    #[param]
    #[rename(serialize = "w")]
    weight: T,
}

fn main() {}
