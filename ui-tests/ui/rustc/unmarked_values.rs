use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    weights: Vec<f32>,
    table: [u8; 256],
}

fn main() {}
