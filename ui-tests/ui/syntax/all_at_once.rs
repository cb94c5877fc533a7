use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(0)]
#[alias(head = embed)]
struct Model {
    #[param]
    #[rename("a.b")]
    weight: T,
    #[buffer(true)]
    mean: T,
    #[param]
    #[buffer]
    scale: T,
    #[state_dict(renmae("x"))]
    child: Child,
    #[param]
    borrowed: &'static T,
}

#[derive(StateDict)]
struct Child;

// No further noise: the trait is implemented beside the errors.
fn is_a_module<M: StateDict>() {}

fn main() {
    is_a_module::<Model>();
}
