use statedict::StateDict;

#[derive(StateDict)]
#[alias(a = b)]
enum Net {
    One { b: Fc },
}

#[derive(StateDict)]
struct Fc;

fn main() {}
