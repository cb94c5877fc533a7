//! Models whose generic arguments are not what their fields ask for.
use statedict::prelude::*;
use statedict_ui_tests::{M, T};

struct Conv;

#[derive(StateDict)]
struct Net<N> {
    module: N,
}

#[derive(StateDict)]
struct Several<N, P> {
    one: N,
    list: Vec<P>,
}

#[derive(StateDict)]
struct Linear<W> {
    #[param]
    weight: W,
}

#[derive(StateDict)]
struct Outer<N> {
    net: Net<N>,
}

fn is_a_module<N: StateDict>(_: &N) {}

fn main() {
    is_a_module(&Net { module: Conv }); //~
    is_a_module(&Linear { weight: M }); //~
    is_a_module(&Several { one: M, list: vec![Conv] }); //~
    is_a_module(&Outer { net: Net { module: Conv } }); //~
    let mut net = Net { module: Conv };
    net.load("net.pt").unwrap(); //~
    let _ = Linear { weight: M }.state_dict(); //~
    let _ = Several { one: M, list: vec![Conv] }.save("net.pt"); //~
    let _ = Conv.state_dict(); //~
    let _ = Linear { weight: T }.state_dict();
}
