#[derive(StateDict)]
struct Wrong<T> {
    #[param]
    #[buffer]
    weight: T,
}
