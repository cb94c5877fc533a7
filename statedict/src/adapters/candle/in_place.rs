//! A tensor that can only be reached through a shared reference, such as a layer's own.

use std::borrow::Cow;

use candle_core::Tensor as Candle;

use crate::adapters::candle::{place, writing};
use crate::dtype::DType;
use crate::leaves::check;
use crate::tensor::{Shape, TensorView};
use crate::traits::{ByteSink, StorageId, Tensor, TensorError, TensorMut};

/// A tensor whose elements can be written, but which cannot become another: its storage has a lock
/// of its own. It takes no other element type, not even by `assign`.
pub(super) struct InPlace<'t>(pub(super) &'t Candle);

impl Tensor for InPlace<'_> {
    fn dtype(&self) -> DType {
        Tensor::dtype(self.0)
    }

    fn shape(&self) -> Shape {
        Tensor::shape(self.0)
    }

    fn storage_id(&self) -> Option<StorageId> {
        Some(place::storage_id(self.0))
    }

    fn location(&self) -> Cow<'_, str> {
        place::location(self.0)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.0.with_bytes(sink)
    }
}

impl TensorMut for InPlace<'_> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check(self, source)?;
        writing::write(self.0, source)
    }
}
