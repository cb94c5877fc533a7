use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(transparent)]
struct Net(Fc, Fc);

#[derive(StateDict)]
struct Fc;

fn main() {}
