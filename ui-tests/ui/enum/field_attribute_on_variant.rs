use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
enum Net {
    #[param]
    One(T),
}

fn main() {}
