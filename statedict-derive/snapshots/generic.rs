#[derive(StateDict)]
struct Tree<'a, W, M, C, const N: usize> {
    #[param]
    weight: W,
    blocks: [M; N],
    left: Option<Box<Self>>,
    #[skip]
    config: &'a C,
}
