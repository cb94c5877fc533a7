#[derive(StateDict)]
struct Relu;
