use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    r#type: T,
    #[param]
    #[rename("type")]
    kind: T,
}

fn main() {}
