use statedict::{Alias, StateDict};

#[derive(StateDict)]
struct Net {
    #[training]
    on: bool,
    #[alias(on)]
    f3: Alias<bool>,
}

fn main() {}
