use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(post_load = Self::done)]
struct Net {
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

impl Net {
    fn done(&self) {}
}

fn main() {}
