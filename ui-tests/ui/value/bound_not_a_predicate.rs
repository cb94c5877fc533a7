use statedict::StateDict;

#[derive(StateDict)]
#[state_dict(bound("T: Tensor"))]
struct Linear<W> {
    #[param]
    weight: W,
}

fn main() {}
