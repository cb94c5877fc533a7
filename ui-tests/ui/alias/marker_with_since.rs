use statedict::{Alias, StateDict};

#[derive(StateDict)]
#[version(2)]
struct Net {
    fc: Fc,
    #[alias(fc)]
    #[since(2)]
    f3: Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
