use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(f3 = fc, f4 = f3, f5 = f4)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
