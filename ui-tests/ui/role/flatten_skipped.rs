use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[flatten]
    #[skip]
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
