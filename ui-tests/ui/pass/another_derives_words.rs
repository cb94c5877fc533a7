use statedict::StateDict;
use statedict_ui_tests::T;

// `#[skip]` and `#[rename]` are another derive's here.
#[derive(StateDict)]
#[state_dict(namespaced)]
struct Linear {
    #[state_dict(param)]
    #[rename(from = "w")]
    weight: T,
    #[skip(debug)]
    child: Child,
}

#[derive(StateDict)]
struct Child;

fn main() {}
