#[state_dict(extra_state)]
struct Tokenizer {
    encoder: Encoder,
    #[buffer]
    counts: CpuTensor,
    #[param]
    embedding: CpuTensor,
    #[skip]
    language: String,
}
