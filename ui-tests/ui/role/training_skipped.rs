use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[training]
    #[skip]
    on: bool,
}

fn main() {}
