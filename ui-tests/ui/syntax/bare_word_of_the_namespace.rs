use statedict::StateDict;

#[derive(StateDict)]
#[transparent]
struct Wrapper(Net);

#[derive(StateDict)]
#[extra_state]
#[post_save]
struct Net;

fn main() {}
