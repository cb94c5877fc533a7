//! A matrix that its library holds the other way round than PyTorch.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use bytemuck::TransparentWrapper;

use crate::dtype::DType;
use crate::leaf::{
    ByteSink, StorageId, Tensor, TensorError, TensorMut, Writable, check_assign, check_copy,
};
use crate::tensor::{Shape, TensorView};

/// A matrix that is saved and loaded transposed: `Transposed<Param<Tensor<2>>>` of shape `[in, out]`
/// is `[out, in]` in the state dict.
///
/// burn multiplies by `[in, out]` matrices, PyTorch stores `[out, in]` ones. burn's own layers know
/// that here; a weight of a layer of your own says it by this type, or holds what PyTorch holds.
///
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use statedict::burn::Transposed;
/// use statedict::{StateDict, StateDictExt};
///
/// #[derive(StateDict)]
/// struct Projection {
///     #[param]
///     weight: Transposed<Param<Tensor<2>>>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let weight = Param::from_data([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Device::default());
/// let model = Projection { weight: Transposed(weight) };
/// assert_eq!(model.weight.dims(), [2, 3]);
///
/// let state = model.state_dict()?;
/// assert_eq!(state.get("weight").unwrap().shape(), &[3, 2]);
/// assert_eq!(state.get("weight").unwrap().to_vec::<f32>()?, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A tensor that has not two dimensions can neither be saved nor loaded through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct Transposed<T>(pub T);

// SAFETY: `repr(transparent)` over the one field, whose values it does not restrict.
unsafe impl<T> TransparentWrapper<T> for Transposed<T> {}

impl<T> Deref for Transposed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Transposed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Transposed<T> {
    fn from(matrix: T) -> Self {
        Transposed(matrix)
    }
}

impl<T: Tensor> Tensor for Transposed<T> {
    fn dtype(&self) -> Result<DType, TensorError> {
        self.0.dtype()
    }

    fn shape(&self) -> Shape {
        self.0.shape().iter().rev().copied().collect()
    }

    /// Two that are transposed may be one; with the matrix itself they have no element in common place.
    fn storage_id(&self) -> Option<StorageId> {
        self.0.storage_id().map(StorageId::transposed)
    }

    fn location(&self) -> Cow<'_, str> {
        self.0.location()
    }

    fn adopts(&self, dtype: DType) -> bool {
        self.0.adopts(dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        self.0.writable()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let mut bytes = Cow::Borrowed(self.0.host_bytes().unwrap_or_default());
        if self.0.host_bytes().is_none() {
            self.0.with_bytes(&mut |piece| {
                bytes.to_mut().extend_from_slice(piece);
                Ok(())
            })?;
        }
        let matrix = TensorView::from_bytes(bytes, self.dtype()?, self.0.shape())
            .and_then(|matrix| matrix.transpose(0, 1));
        sink(&matrix.map_err(|error| TensorError::Library(error.into()))?.bytes()?)
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        self.0.as_any()
    }
}

impl<T: TensorMut> TensorMut for Transposed<T> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        self.0.copy_(&transpose(source)?)
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_assign(self, &source)?;
        self.0.assign(transpose(&source)?)
    }

    fn share(&mut self, first: &dyn Tensor) -> bool {
        self.0.share(first)
    }
}

fn transpose<'s>(source: &TensorView<'s>) -> Result<TensorView<'s>, TensorError> {
    source.transpose(0, 1).map_err(|error| TensorError::Library(error.into()))
}
