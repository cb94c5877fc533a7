#[derive(StateDict)]
enum Norm {
    None,
    Layer(LayerNorm),
    #[rename("group")]
    Group(GroupNorm),
    Scale {
        #[param]
        scale: CpuTensor,
        #[training]
        training: bool,
    },
}
