use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[state_dict(extra_state)]
enum Activation {
    Relu,
    Prelu {
        #[param]
        weight: T,
    },
}

fn main() {}
