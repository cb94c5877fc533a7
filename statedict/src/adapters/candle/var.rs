//! `candle_core::Var` as a leaf.

use std::any::Any;
use std::borrow::Cow;

use candle_core::{Tensor as Candle, Var};

use crate::adapters::candle::dtype::library;
use crate::adapters::candle::tensor::check_shape;
use crate::adapters::candle::writing;
use crate::dtype::DType;
use crate::leaves::check;
use crate::tensor::{Shape, TensorView};
use crate::traits::{ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable};

impl Tensor for Var {
    fn dtype(&self) -> DType {
        Tensor::dtype(self.as_tensor())
    }

    fn shape(&self) -> Shape {
        Tensor::shape(self.as_tensor())
    }

    fn storage_id(&self) -> Option<StorageId> {
        self.as_tensor().storage_id()
    }

    fn location(&self) -> Cow<'_, str> {
        self.as_tensor().location()
    }

    fn adopts(&self, dtype: DType) -> bool {
        self.as_tensor().adopts(dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.as_tensor().writable()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        self.as_tensor().with_bytes(sink)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl TensorMut for Var {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check(self, source)?;
        writing::write(self, source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_shape(self, &source)?;
        if let Some(new) = writing::assign(self, &source)? {
            // It is a variable as this is, so this makes another handle of it.
            *self = Var::from_tensor(&new).map_err(library)?;
        }
        Ok(())
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let Some(first) = first.as_any() else { return false };
        if let Some(first) = first.downcast_ref::<Var>() {
            *self = first.clone();
            return true;
        }
        let first = first.downcast_ref::<Candle>().filter(|first| first.is_variable());
        let handle = first.and_then(|first| Var::from_tensor(first).ok());
        handle.map(|handle| *self = handle).is_some()
    }
}
