#[derive(StateDict)]
struct Block(Linear, #[param] CpuTensor, #[rename("scale")] #[buffer] CpuTensor);
