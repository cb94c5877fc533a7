use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(pre_load)]
struct Net {
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
