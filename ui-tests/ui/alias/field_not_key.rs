use statedict::StateDict;

#[derive(StateDict)]
#[alias("head.weight" = "embedding.weight")]
struct Net {
    #[rename("wte")]
    embedding: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
