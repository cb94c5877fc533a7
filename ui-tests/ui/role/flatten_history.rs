use statedict::StateDict;

#[derive(StateDict)]
#[version(2)]
struct Net {
    #[flatten]
    #[since(2)]
    fc: Fc,
    #[flatten]
    #[renamed(since = 2, from = "old")]
    fc2: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
