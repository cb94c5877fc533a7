use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Linear {
    #[skip]
    #[rename("w")]
    a: T,
    #[skip]
    #[param]
    b: T,
    #[buffer]
    #[skip]
    c: T,
    #[skip]
    #[persistent(false)]
    d: T,
    #[skip]
    #[since(2)]
    e: T,
}

fn main() {}
