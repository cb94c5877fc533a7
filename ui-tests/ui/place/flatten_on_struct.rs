use statedict::StateDict;

#[derive(StateDict)]
#[flatten]
struct Net {
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
