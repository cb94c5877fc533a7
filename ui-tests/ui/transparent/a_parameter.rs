use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[state_dict(transparent)]
struct Net(#[param] T);

fn main() {}
