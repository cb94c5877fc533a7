use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct View<'a> {
    #[param]
    weight: &'a T,
    child: &'a mut Child,
    name: &'a str,
}

#[derive(StateDict)]
struct Child;

fn main() {}
