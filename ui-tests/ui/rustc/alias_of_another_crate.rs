use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    fc: Fc,
    #[alias("fc")]
    f3: mine::Alias<Fc>,
}

#[derive(StateDict)]
struct Fc;

mod mine {
    pub struct Alias<T>(pub T);
}

fn main() {}
