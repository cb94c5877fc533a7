//! `candle_core::Var` as a leaf.

use candle_core::{Tensor as Candle, Var};

use crate::adapters::candle::dtype::library;
use crate::adapters::candle::writing;
use crate::leaf::{Tensor, TensorError, TensorMut, check_copy, check_shape};
use crate::tensor::TensorView;

impl TensorMut for Var {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
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
