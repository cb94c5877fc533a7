use statedict::StateDict;

#[derive(StateDict)]
struct Net {
    #[buffer(persistent = false)]
    mask: f32,
    #[param(name = "w")]
    weight: f32,
    #[param("b")]
    bias: f32,
    #[state_dict(buffer("mean"))]
    running_mean: f32,
    #[state_dict(buffer(persistent = true))]
    running_var: f32,
}

#[derive(StateDict)]
#[state_dict(bound = "T: StateDict")]
struct Generic<T> {
    child: T,
}

fn main() {}
