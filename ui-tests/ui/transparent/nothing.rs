use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(transparent)]
struct Net(usize);

fn main() {}
