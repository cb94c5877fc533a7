use statedict::StateDict;

#[derive(StateDict)]
enum Net {
    #[rename("one")]
    One { fc: Fc },
}

#[derive(StateDict)]
struct Fc;

fn main() {}
