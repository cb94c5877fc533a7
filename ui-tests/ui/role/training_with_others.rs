use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[training]
    #[buffer]
    on: bool,
}

fn main() {}
