use std::collections::{HashMap, VecDeque};

use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    list: Vec<T>,
    #[buffer]
    map: HashMap<String, T>,
    #[param]
    queue: Option<VecDeque<T>>,
    #[param]
    pair: (T, T),
}

fn main() {}
