//! `candle_core::Tensor` as a leaf, and how it and `candle_core::Var` are read.

use std::any::Any;
use std::borrow::Cow;

use candle_core::{Tensor as Candle, Var};

use crate::adapters::candle::{dtype, place, reading, writing};
use crate::dtype::DType;
use crate::leaf::{
    ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable, check_copy, check_shape,
};
use crate::tensor::{Shape, TensorView};

/// Says how a handle of a tensor is read.
macro_rules! handle {
    ($handle:ty, |$this:ident| $tensor:expr) => {
        impl Tensor for $handle {
            fn dtype(&self) -> Result<DType, TensorError> {
                let $this = self;
                let own = Candle::dtype($tensor);
                dtype::of_candle(own).ok_or_else(|| dtype::unsupported(own))
            }

            fn shape(&self) -> Shape {
                self.dims().into()
            }

            fn storage_id(&self) -> Option<StorageId> {
                let $this = self;
                Some(place::storage_id($tensor))
            }

            fn location(&self) -> Cow<'_, str> {
                let $this = self;
                place::location($tensor)
            }

            fn adopts(&self, dtype: DType) -> bool {
                dtype::to_candle(dtype).is_some()
                    || Tensor::dtype(self).is_ok_and(|own| own == dtype)
            }

            fn writable(&self) -> Result<Writable, TensorError> {
                writing::writable(self)
            }

            fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
                reading::read(self, sink)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }
    };
}

handle!(Candle, |tensor| tensor);
handle!(Var, |variable| variable.as_tensor());

impl TensorMut for Candle {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        writing::write(self, source)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_shape(self, &source)?;
        if let Some(new) = writing::assign(self, &source)? {
            *self = new;
        }
        Ok(())
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        let Some(first) = first.as_any() else { return false };
        let first = first.downcast_ref::<Candle>().or_else(|| {
            let variable = first.downcast_ref::<Var>();
            variable.map(Var::as_tensor)
        });
        first.inspect(|first| *self = (*first).clone()).is_some()
    }
}
