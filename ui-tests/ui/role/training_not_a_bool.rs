use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[training]
    mode: u8,
}

fn main() {}
