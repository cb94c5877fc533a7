use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[state_dict(extra_state)]
struct Fc {
    #[param]
    weight: T,
}

fn main() {}
