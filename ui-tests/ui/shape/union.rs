use statedict::StateDict;

#[derive(StateDict)]
union Either {
    int: i32,
    float: f32,
}

fn main() {}
