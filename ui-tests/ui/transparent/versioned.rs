use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
#[state_dict(transparent)]
struct Net(Fc);

#[derive(StateDict)]
struct Fc;

fn main() {}
