use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(fc)]
    f3: Alias<Other>,
}

#[derive(StateDict)]
struct Fc;

#[derive(StateDict)]
struct Other;

fn main() {}
