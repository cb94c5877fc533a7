use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(transparent)]
enum Net {
    One(Fc),
}

#[derive(StateDict)]
struct Fc;

fn main() {}
