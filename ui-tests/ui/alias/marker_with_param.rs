use statedict::{Alias, StateDict};
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    w: T,
    #[alias(w)]
    #[param]
    v: Alias<T>,
}

fn main() {}
