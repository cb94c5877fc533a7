use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    #[rename_all("camelCase")]
    weight: T,
}

fn main() {}
