//! What is being typed is one error of the compiler's, and the type keeps its implementation.
use statedict::prelude::*;

#[derive(StateDict)]
struct Linear;

#[derive(StateDict)]
struct Net {
    fc: Linear
    head: Linear,
}

#[derive(StateDict)]
struct Typed {
    fc:
}

fn main() {}

fn uses(mut net: Net, mut typed: Typed) {
    net.load("net.pt").unwrap();
    let _ = net.state_dict();
    typed.load("typed.pt").unwrap();
}
