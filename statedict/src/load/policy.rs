//! The choices of a load that have more than two answers.

/// The treatment of a tensor whose element type is not the model's.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DTypePolicy {
    /// Refuse it.
    Exact,
    /// Convert it where no value can change (float16 into float32, int32 into int64 …),
    /// otherwise refuse it.
    #[default]
    Widen,
    /// Convert it as `Tensor.copy_()` of PyTorch on a CPU: floating-point numbers are rounded, or
    /// truncated to integers; integers wrap around; any number but 0 is true; complex numbers lose
    /// their imaginary part. What is out of an integer's range becomes what it becomes on x86-64.
    /// Quantized numbers and bits are refused.
    Cast,
}

/// The treatment of a state dict that has different tensors under several names of one tensor:
/// `fc.weight` and `f3.weight` of a model in which `f3` is `fc`.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AliasPolicy {
    /// Refuse it.
    #[default]
    Error,
    /// Load the last, as PyTorch does.
    LastWins,
    /// Load the first.
    FirstWins,
}

/// How much of the model may be written where a load fails.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Atomicity {
    /// Whatever fits is written, and what does not is reported after, as in PyTorch.
    None,
    /// Nothing is written before everything has been checked. Only a disk that cannot be read in
    /// the end, or a library that refuses a tensor that fits, can leave the model partly written.
    #[default]
    Validated,
    /// Everything is read and converted before the first write, which takes the memory of the state
    /// dict once more. Where a library refuses a tensor in the end, those that were written before
    /// get their elements back.
    Staged,
}
