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
    /// Nothing is written before everything has been checked: checksums, archive headers and compressed data
    /// included. What can fail after that, because a library refuses a tensor that fits or another thread takes a
    /// lock meanwhile, is written first, and until it has been written the load keeps a copy of what it overwrites.
    /// Where it fails, the model gets that back.
    ///
    /// Memory, as of vectors, arrays and [`CpuTensor`](crate::CpuTensor), is filled last and costs no copy; nor do
    /// tensors whose library says that it takes what fits ([`Writable::Certainly`](crate::leaf::Writable)). Tensors of
    /// other libraries, and modules behind a lock that is shared with others, take their memory once more while
    /// they are loaded.
    ///
    /// A disk that fails while the elements are copied, or a file that is changed meanwhile, can still leave the
    /// model partly written, and so can a library that panics, or refuses to take back what it held. The
    /// error says so. A lock is waited for up to five seconds where what is behind it has to be given back.
    #[default]
    Validated,
    /// Besides, everything is read and converted before the first write, which takes the memory of the state dict
    /// once more: then not even the disk can fail in the middle.
    Staged,
}
