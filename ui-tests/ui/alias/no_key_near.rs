use statedict::StateDict;

#[derive(StateDict)]
#[alias("lm_head.weight" = "wet.weight")]
struct Net {
    wte: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
