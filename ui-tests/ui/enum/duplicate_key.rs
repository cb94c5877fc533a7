use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
enum Net {
    One {
        #[param]
        #[rename("b")]
        a: T,
        #[param]
        b: T,
    },
}

fn main() {}
