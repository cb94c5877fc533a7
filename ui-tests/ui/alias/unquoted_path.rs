use statedict::{Alias, StateDict};
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(fc.weight)]
    w: Alias<T>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
