use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(transparent)]
struct Net(#[rename("fc")] Fc);

#[derive(StateDict)]
struct Fc;

fn main() {}
