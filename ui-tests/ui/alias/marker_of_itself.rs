use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    #[alias(f3)]
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
