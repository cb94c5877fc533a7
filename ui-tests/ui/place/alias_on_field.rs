use statedict::StateDict;

#[derive(StateDict)]
struct Linear {
    #[alias(fc)]
    f3: Fc,
    fc: Fc,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
