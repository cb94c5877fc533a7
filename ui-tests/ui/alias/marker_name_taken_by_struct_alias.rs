use statedict::{Alias, StateDict};

#[derive(StateDict)]
#[alias(f3 = fc)]
struct Net {
    fc: Fc,
    #[alias(fc)]
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
