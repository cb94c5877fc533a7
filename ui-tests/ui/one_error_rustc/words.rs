//! Words without `state_dict(...)` around them that are not the derive's.
use statedict::StateDict;
use statedict_ui_tests::{M, T};

#[derive(StateDict)]
struct Near {
    #[parm] //~
    weight: T,
}

#[derive(StateDict)]
struct Plural {
    #[params] //~
    weight: T,
}

#[derive(StateDict)]
struct Parameter {
    #[parameter] //~
    weight: T,
}

#[derive(StateDict)]
struct OtherCase {
    #[Buffer] //~
    mean: T,
}

#[derive(StateDict)]
struct NotPersistent {
    #[presistent(false)] //~
    mask: T,
}

#[derive(StateDict)]
struct Skipped {
    #[skp] //~
    cache: Vec<f32>,
}

#[derive(StateDict)]
struct InATuple(#[parm] T); //~

#[derive(StateDict)]
enum InAVariant {
    One {
        #[bufer] //~
        mean: T,
    },
}

#[derive(StateDict)]
#[verison(2)] //~
struct OnAStruct(M);

#[derive(StateDict)]
#[bound(N: StateDict)] //~
struct Bound<N>(N);

fn main() {}
