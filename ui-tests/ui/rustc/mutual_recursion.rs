use statedict::StateDict;

#[derive(StateDict)]
struct Even<M> {
    module: M,
    next: Option<Box<Odd<M>>>,
}

#[derive(StateDict)]
struct Odd<M> {
    next: Option<Box<Even<M>>>,
}

#[derive(StateDict)]
struct Unit;

fn is_a_module<M: StateDict>() {}

fn main() {
    is_a_module::<Even<Unit>>();
}
