//! Several tensors that PyTorch keeps as one, row upon row.

use crate::dtype::DType;
use crate::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable, check_copy};
use crate::tensor::{Shape, TensorView};

/// Tensors of one element type, stacked along their first dimension, in this order; `P` is a reference to one.
pub(super) struct Stacked<P>(pub(super) Vec<P>);

macro_rules! stacked {
    ($piece:ty) => {
        impl Tensor for Stacked<$piece> {
            fn dtype(&self) -> Result<DType, TensorError> {
                let none = || TensorError::Library("there are no tensors to stack".into());
                self.0.first().ok_or_else(none)?.dtype()
            }

            fn shape(&self) -> Shape {
                let mut shape: Vec<usize> =
                    self.0.first().map(|piece| piece.shape().to_vec()).unwrap_or_default();
                if let Some(rows) = shape.first_mut() {
                    *rows = self.0.iter().map(|piece| rows_of(&**piece)).sum();
                }
                Shape::from(shape)
            }

            fn adopts(&self, dtype: DType) -> bool {
                self.0.iter().all(|piece| piece.adopts(dtype))
            }

            fn writable(&self) -> Result<Writable, TensorError> {
                let mut all = Writable::Certainly;
                for piece in &self.0 {
                    if piece.writable()? == Writable::Perhaps {
                        all = Writable::Perhaps;
                    }
                }
                Ok(all)
            }

            fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
                let expected = self.dtype()?;
                for piece in &self.0 {
                    let found = piece.dtype()?;
                    if found != expected {
                        return Err(TensorError::DType { expected, found });
                    }
                    match piece.host_bytes() {
                        Some(bytes) => sink(bytes)?,
                        None => piece.with_bytes(sink)?,
                    }
                }
                Ok(())
            }
        }
    };
}

stacked!(&dyn Tensor);
stacked!(&mut dyn TensorMut);

impl TensorMut for Stacked<&mut dyn TensorMut> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        self.each(source, |piece, part| piece.copy_(&part))
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        self.each(&source, |piece, part| piece.assign(part))
    }
}

impl Stacked<&mut dyn TensorMut> {
    /// Hands each piece its rows of `source`.
    fn each<'s>(
        &mut self,
        source: &TensorView<'s>,
        mut write: impl FnMut(&mut dyn TensorMut, TensorView<'s>) -> Result<(), TensorError>,
    ) -> Result<(), TensorError> {
        let rows: Vec<usize> = self.0.iter().map(|piece| rows_of(&**piece)).collect();
        let parts = source.split(0, &rows).map_err(|error| TensorError::Library(error.into()))?;
        self.0.iter_mut().zip(parts).try_for_each(|(piece, part)| write(&mut **piece, part))
    }
}

fn rows_of<T: Tensor + ?Sized>(piece: &T) -> usize {
    piece.shape().first().copied().unwrap_or(0)
}
