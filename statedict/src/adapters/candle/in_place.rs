//! A tensor that can only be reached through a shared reference, such as a layer's own.

use std::borrow::Cow;

use bytemuck::TransparentWrapper;
use candle_core::Tensor as Candle;

use crate::adapters::candle::{place, writing};
use crate::dtype::DType;
use crate::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable, check_copy};
use crate::tensor::{Shape, TensorView};

/// A tensor whose elements can be written, but which cannot become another: its storage has a lock
/// of its own. It takes no other element type, not even by `assign`.
#[repr(transparent)]
pub(super) struct InPlace(Candle);

// SAFETY: `InPlace` is `repr(transparent)` and has no field but the tensor; it has no rules of its
// own that a tensor could break.
unsafe impl TransparentWrapper<Candle> for InPlace {}

impl InPlace {
    /// A tensor for reading, which says of itself that it stays what it is.
    pub(super) fn of(tensor: &Candle) -> &InPlace {
        InPlace::wrap_ref(tensor)
    }

    /// Another handle of a tensor, for writing into their storage.
    pub(super) fn handle(tensor: &Candle) -> InPlace {
        InPlace(tensor.clone())
    }
}

impl Tensor for InPlace {
    fn dtype(&self) -> Result<DType, TensorError> {
        Tensor::dtype(&self.0)
    }

    fn shape(&self) -> Shape {
        Tensor::shape(&self.0)
    }

    fn storage_id(&self) -> Option<StorageId> {
        Some(place::storage_id(&self.0))
    }

    fn location(&self) -> Cow<'_, str> {
        place::location(&self.0)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        writing::writable(&self.0)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.0.with_bytes(sink)
    }
}

impl TensorMut for InPlace {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        writing::write(&self.0, source)
    }
}
