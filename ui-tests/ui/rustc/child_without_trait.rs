use statedict::StateDict;

struct Conv;

#[derive(StateDict)]
struct Net {
    conv: Conv,
    convs: Vec<Conv>,
}

fn main() {}
