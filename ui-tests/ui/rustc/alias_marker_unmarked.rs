use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    fc: Fc,
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
