//! What the compiler tells those who annotate a struct wrongly; see `tests/ui.rs`.

use statedict::leaf::{ByteSink, Tensor, TensorError, TensorMut};
use statedict::tensor::Shape;
use statedict::{DType, StateDict, TensorView};

/// A tensor type for the cases.
pub struct T;

impl Tensor for T {
    fn dtype(&self) -> Result<DType, TensorError> {
        Ok(DType::F32)
    }

    fn shape(&self) -> Shape {
        Shape::default()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        sink(&[0; 4])
    }
}

impl TensorMut for T {
    fn copy_(&mut self, _: &TensorView<'_>) -> Result<(), TensorError> {
        Ok(())
    }
}

/// A module for the cases.
#[derive(StateDict)]
pub struct M;
