use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[state_dict(transparent)]
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
