use statedict::StateDict;

struct Conv;

#[derive(StateDict)]
struct Relu;

#[derive(StateDict)]
struct Net {
    layers: (Conv, Relu),
}

fn main() {}
