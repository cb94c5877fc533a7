use statedict::StateDict;

struct String;

#[derive(StateDict)]
struct Net {
    name: String,
}

fn main() {}
