use statedict::StateDict;

#[derive(StateDict)]
#[alias(head = steps)]
struct Net {
    steps: i64,
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
