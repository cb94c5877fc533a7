use statedict::StateDict;
use statedict_ui_tests::T;

#[derive(StateDict)]
#[version(2)]
struct Net {
    #[skip]
    #[renamed(since = 2, from = "a")]
    cache: Vec<f32>,
    #[persistent(false)]
    #[renamed(since = 2, from = "b")]
    mask: T,
    #[renamed(since = 2, from = "c")]
    steps: usize,
}

fn main() {}
