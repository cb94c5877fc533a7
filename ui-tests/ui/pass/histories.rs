//! Names that are exchanged, shifted, taken over, and used again.

use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Shifted {
    #[param]
    #[since(2)]
    a: T,
    #[param]
    #[renamed(since = 2, from = "a")]
    b: T,
    #[param]
    #[renamed(since = 2, from = "b")]
    c: T,
}

#[derive(StateDict)]
#[version(2)]
struct Exchanged {
    #[param]
    #[renamed(since = 2, from = "b")]
    a: T,
    #[param]
    #[renamed(since = 2, from = "a")]
    b: T,
}

#[derive(StateDict)]
#[version(2)]
#[removed(since = 2, "a")]
struct TakenOver {
    #[param]
    #[renamed(since = 2, from = "b")]
    a: T,
}

#[derive(StateDict)]
#[version(5)]
#[removed(since = 2, "a")]
#[removed(since = 4, "a")]
struct UsedAgain {
    #[param]
    #[renamed(since = 5, from = "c")]
    a: T,
    #[param]
    #[since(2)]
    #[renamed(since = 5, from = "b")]
    c: T,
    #[param]
    #[since(5)]
    b: T,
}

fn main() {}
