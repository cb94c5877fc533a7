use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Linear {
    #[param]
    #[rename(3)]
    a: T,
    #[param]
    #[rename(weight)]
    b: T,
    #[param]
    #[rename(a + b)]
    c: T,
}

fn main() {}
