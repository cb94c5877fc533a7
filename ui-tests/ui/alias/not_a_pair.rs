use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[alias(fc)]
#[alias(f3 = )]
#[alias(= fc)]
#[alias(f4 = fc.weight)]
#[alias(5 = fc)]
struct Net {
    fc: Fc,
    #[param]
    scale: T,
}

#[derive(StateDict)]
struct Fc;

fn main() {}
