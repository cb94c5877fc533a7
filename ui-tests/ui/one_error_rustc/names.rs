//! Names that are not there.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
#[state_dict(crate = nowhere)] //~
struct NoCrate {
    #[param]
    weight: T,
}

#[derive(StateDict)]
#[version(2)]
#[migrate(to = 2, with = step)] //~
struct NoStep(M);

#[derive(StateDict)]
#[state_dict(pre_load = hooks::pre_load)] //~
struct NoModule(M);

#[derive(StateDict)]
struct NoType {
    fc: Linear, //~
}

fn main() {}
