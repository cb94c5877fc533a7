use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Pair(#[param] T, #[param] #[rename("0")] T);

fn main() {}
