//! What a file says of a tensor.

use crate::codec::write::error::WriteError;
use crate::dtype::DType;
use crate::tensor::{Shape, Strides, TensorView};

/// The facts that a file states about one tensor.
#[derive(Clone, Copy)]
pub(super) struct Facts<'e> {
    pub(super) dtype: DType,
    pub(super) shape: &'e Shape,
    /// The step along each dimension in elements; `None` for row-major.
    pub(super) strides: Option<&'e Strides>,
    /// The place of the first element in the storage, in elements.
    pub(super) offset: usize,
    /// `true` if the tensor asks for gradients.
    pub(super) requires_grad: bool,
    /// `true` if the elements are the conjugates of what the storage holds.
    pub(super) conj: bool,
    /// `true` if the elements are the negatives of what the storage holds.
    pub(super) neg: bool,
    /// The storage; `None` for a tensor of the device `meta`, which has none.
    pub(super) storage: Option<StorageFacts<'e>>,
}

/// The facts that a file states about the storage of a tensor.
#[derive(Clone, Copy)]
pub(super) struct StorageFacts<'e> {
    pub(super) number: usize,
    /// The size in bytes.
    pub(super) nbytes: usize,
    /// The location tag.
    pub(super) location: &'e str,
}

impl<'e> Facts<'e> {
    /// The facts of a tensor in a storage, which is `compact` where it is written with the elements of this
    /// view only, row-major.
    #[inline]
    pub(super) fn new(
        view: &'e TensorView<'_>,
        storage: Option<StorageFacts<'e>>,
        compact: bool,
    ) -> Self {
        let mut facts = Facts {
            dtype: view.dtype(),
            shape: view.shape(),
            strides: view.own_strides(),
            offset: 0,
            requires_grad: view.requires_grad(),
            conj: false,
            neg: false,
            storage,
        };
        if compact {
            facts.strides = None;
        } else if storage.is_some() {
            facts.offset = view.storage_offset();
            (facts.conj, facts.neg) = (view.is_conj(), view.is_neg());
        }
        facts
    }

    /// Returns `true` if PyTorch reads the tensor only as a parameter.
    pub(super) fn needs_parameter(&self) -> bool {
        self.storage.is_some() && self.requires_grad && self.dtype.needs_parameter()
    }

    /// Refuses what PyTorch's format cannot hold. `first` is the key and the dtype of the first entry that
    /// uses the same storage, where it is another one.
    pub(super) fn check(&self, key: &str, first: Option<(&str, DType)>) -> Result<(), WriteError> {
        if self.dtype.is_quantized() {
            return Err(WriteError::Quantized { key: key.to_owned(), dtype: self.dtype });
        }
        if u32::try_from(key.len()).is_err() {
            return Err(WriteError::TooLarge { what: "a key is" });
        }
        self.storage.map_or(Ok(()), |storage| storage.check(key, self.dtype, first))
    }
}

impl StorageFacts<'_> {
    /// Refuses the use of a storage as elements of a type that PyTorch's format cannot hold.
    pub(super) fn check(
        &self,
        key: &str,
        dtype: DType,
        first: Option<(&str, DType)>,
    ) -> Result<(), WriteError> {
        let (nbytes, key) = (self.nbytes, || key.to_owned());
        if self.location == "meta" {
            return Err(WriteError::Meta { key: key() });
        }
        if !nbytes.is_multiple_of(dtype.size()) {
            return Err(WriteError::PartialElement { key: key(), dtype, nbytes });
        }
        match first {
            // PyTorch does not look at storages without memory.
            Some((first, first_dtype))
                if nbytes > 0 && stored_as(first_dtype) != stored_as(dtype) =>
            {
                Err(WriteError::SharedAsDifferentTypes {
                    first: first.to_owned(),
                    first_dtype,
                    second: key(),
                    second_dtype: dtype,
                })
            }
            _ => Ok(()),
        }
    }
}

/// Returns the dtype that PyTorch gives the storage of a tensor: the younger types are stored untyped,
/// which counts as `uint8`.
pub(super) fn stored_as(dtype: DType) -> DType {
    if dtype.storage_class().is_some() { dtype } else { DType::U8 }
}
