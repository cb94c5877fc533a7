use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[rename_all("title")]
struct Net {
    #[param]
    weight: T,
}

fn main() {}
