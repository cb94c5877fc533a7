use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
enum Head {
    Linear(#[param] T),
    None,
}

fn main() {}
