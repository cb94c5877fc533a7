//! `RunningState` of burn as a leaf: the running mean or variance of a normalization.

use burn::module::{Module, RunningState};
use burn::tensor::{Float, Tensor as BurnTensor};

use super::data;
use super::param::replace;
use crate::dtype::DType;
use crate::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable, check_assign, check_copy};
use crate::tensor::{Shape, TensorView};

/// Clones of a running state share it, and nothing tells that they do: each is saved for itself.
impl<const D: usize> Tensor for RunningState<BurnTensor<D>> {
    fn dtype(&self) -> Result<DType, TensorError> {
        Tensor::dtype(&self.value())
    }

    fn shape(&self) -> Shape {
        Tensor::shape(&self.value())
    }

    fn adopts(&self, dtype: DType) -> bool {
        Tensor::adopts(&self.value(), dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.value().writable()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        settle(self).with_bytes(sink)
    }
}

impl<const D: usize> TensorMut for RunningState<BurnTensor<D>> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        settle(self);
        replace(self, data::to_data(source)?);
        Ok(())
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_assign(self, &source)?;
        settle(self);
        replace(self, data::keep_data(source)?);
        Ok(())
    }
}

/// The value with the updates of all threads, which are no longer pending then: those that are would
/// take the place of a value that is loaded.
fn settle<const D: usize>(state: &RunningState<BurnTensor<D>>) -> BurnTensor<D, Float> {
    state.valid().value()
}
