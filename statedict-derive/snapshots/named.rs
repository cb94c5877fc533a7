#[derive(StateDict)]
#[version(2)]
struct BatchNorm {
    #[buffer]
    running_mean: CpuTensor,
    #[param]
    weight: CpuTensor,
    #[buffer]
    #[since(2)]
    num_batches_tracked: i64,
    #[persistent(false)]
    scratch: CpuTensor,
    act: Relu,
    #[skip]
    device: Device,
    eps: f64,
    #[training]
    training: bool,
}
