use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[rename_all("camel_case")]
struct Net {
    #[param]
    weight: T,
}

fn main() {}
