use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[rename_all("camelCase")]
struct Net {
    #[param]
    in_proj: T,
    #[param]
    #[rename("inProj")]
    other: T,
}

fn main() {}
