use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(fc)]
    #[skip]
    f3: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
