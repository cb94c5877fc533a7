use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;

use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
struct Net {
    #[param]
    shared: Rc<RefCell<T>>,
    #[buffer]
    locked: Mutex<T>,
    #[buffer]
    steps: AtomicI64,
    #[buffer]
    scale: Cell<f32>,
}

fn main() {}
