use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = Self::upgrade)]
struct Net {
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
