//! How to read a file.

use crate::codec::read::limits::Limits;

/// How to read a file. The default refuses what it does not know.
///
/// ```
/// use statedict::codec::ReadOptions;
///
/// let options = ReadOptions::default().opaque(true);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    pub(super) limits: Limits,
    pub(super) opaque: bool,
    pub(super) whole_models: bool,
    pub(super) in_memory: bool,
}

impl ReadOptions {
    /// Returns the default options.
    pub fn new() -> Self {
        ReadOptions::default()
    }

    /// Sets whether to keep values of unknown classes as inert objects (module, name, arguments, state),
    /// rather than to refuse the file. Nothing is imported or run either way.
    #[must_use]
    pub fn opaque(mut self, opaque: bool) -> Self {
        self.opaque = opaque;
        self
    }

    /// Sets whether to read a file of `torch.save(model)`, which holds the model's Python objects, as the
    /// state dict that `model.state_dict()` would give; by default it is refused.
    ///
    /// Nothing is imported or run: parameters and buffers are taken from where `torch.nn.Module` keeps
    /// them. What a class's own code adds to or changes in its state dict is therefore not seen,
    /// and such a file says nothing of versions. Values of unknown classes are kept as with
    /// [`opaque`](Self::opaque).
    #[must_use]
    pub fn whole_models(mut self, whole_models: bool) -> Self {
        self.whole_models = whole_models;
        self
    }

    /// Sets whether to read all tensors into memory when the file is opened, and check each against its
    /// checksum, as `torch.load(path)` does (but for the checksums); by default a tensor is read or
    /// mapped when it is asked for, as with `torch.load(path, mmap=True)`.
    ///
    /// The tensors lie in one piece of memory, each at a multiple of 64 bytes (tiny ones of 16), and
    /// need the file no more. It is given back when the last of them is gone. Storages that no tensor
    /// uses are not read. See [`StateMap::load_owned`](crate::StateMap::load_owned).
    ///
    /// Reading is fastest from [`Source::file`](crate::codec::Source::file).
    #[must_use]
    pub fn in_memory(mut self, in_memory: bool) -> Self {
        self.in_memory = in_memory;
        self
    }

    /// Sets what reading may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
