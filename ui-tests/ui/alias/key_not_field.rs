use statedict::StateDict;

#[derive(StateDict)]
#[alias(head = wte)]
struct Net {
    #[rename("wte")]
    embedding: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
