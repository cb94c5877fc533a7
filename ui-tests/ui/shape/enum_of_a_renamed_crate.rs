use statedict as renamed;

#[derive(renamed::StateDict)]
#[state_dict(crate = renamed)]
#[version(0)]
#[alias(a = b)]
enum Head {
    Linear,
}

fn main() {}
