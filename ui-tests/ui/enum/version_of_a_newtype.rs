use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
enum Net {
    One(Fc),
}

#[derive(StateDict)]
struct Fc;

fn main() {}
