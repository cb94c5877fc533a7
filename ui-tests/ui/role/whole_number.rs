use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[buffer]
    steps: usize,
    #[param]
    count: u128,
    #[persistent(false)]
    offset: isize,
}

fn main() {}
