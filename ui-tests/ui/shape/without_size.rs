use statedict::StateDict;

#[derive(StateDict)]
struct Object {
    module: dyn StateDict,
}

#[derive(StateDict)]
struct Slice {
    #[param]
    weight: [f32],
}

#[derive(StateDict)]
struct Text {
    #[skip]
    name: str,
}

fn main() {}
