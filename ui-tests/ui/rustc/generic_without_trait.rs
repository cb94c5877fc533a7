use statedict::StateDict;

struct Conv;

#[derive(StateDict)]
struct Net<M> {
    module: M,
}

fn is_a_module<M: StateDict>(_: &M) {}

fn main() {
    is_a_module(&Net { module: Conv });
}
