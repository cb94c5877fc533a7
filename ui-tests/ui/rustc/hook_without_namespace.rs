use statedict::StateDict;

#[derive(StateDict)]
#[post_load = Self::refresh]
struct Net;

fn main() {}
