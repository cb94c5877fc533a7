use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(bound(M: Clone))]
struct Net<M> {
    module: M,
}

fn main() {}
