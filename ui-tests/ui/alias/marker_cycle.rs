use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    #[alias(b)]
    a: Alias<Fc>,
    #[alias(a)]
    b: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
