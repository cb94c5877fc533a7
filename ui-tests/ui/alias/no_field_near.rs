use statedict::StateDict;

#[derive(StateDict)]
#[alias(head = embeding)]
struct Net {
    embedding: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
