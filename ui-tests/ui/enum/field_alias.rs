use statedict::StateDict;

#[derive(StateDict)]
enum Net {
    One {
        b: Fc,
        #[alias(b)]
        c: Fc,
    },
}

#[derive(StateDict)]
struct Fc;

fn main() {}
