use statedict::StateDict;

#[derive(StateDict)]
struct Child;

#[derive(StateDict)]
struct Net {
    #[param]
    child: Child,
    #[persistent(false)]
    other: Option<Child>,
}

fn main() {}
