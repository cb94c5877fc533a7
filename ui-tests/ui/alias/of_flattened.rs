use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    #[flatten]
    fc: Fc,
    #[alias(fc)]
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
