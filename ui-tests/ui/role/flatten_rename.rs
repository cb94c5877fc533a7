use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[flatten]
    #[rename("w")]
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
