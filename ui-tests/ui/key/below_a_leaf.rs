use statedict::StateDict;

#[derive(StateDict)]
struct Child;

#[derive(StateDict)]
struct Net {
    #[buffer]
    weight: f32,
    #[rename("weight.state")]
    child: Child,
    #[persistent(false)]
    #[rename("weight.scratch")]
    scratch: f32,
    #[buffer]
    #[rename("weights.absmax")]
    absmax: f32,
    #[buffer]
    #[rename("weight..absmax")]
    empty: f32,
    #[buffer]
    #[rename("child.absmax")]
    below_a_child: f32,
}

fn main() {}
