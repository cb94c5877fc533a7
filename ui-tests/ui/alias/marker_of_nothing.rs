use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(fcc)]
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
