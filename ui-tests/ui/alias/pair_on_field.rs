use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias(f3 = fc)]
    f3: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
