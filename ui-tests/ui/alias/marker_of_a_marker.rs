use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(fc)]
    a: Alias<Fc>,
    #[alias(a)]
    b: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
