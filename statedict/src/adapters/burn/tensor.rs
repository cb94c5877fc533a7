//! `Tensor<D, K>` of burn as a leaf: a value that a load replaces.

use burn::tensor::kind::{Basic, Kind, TensorKind};
use burn::tensor::{Bool, Device, Float, Int, Tensor as BurnTensor, TensorData};

use super::data;
use crate::dtype::DType;
use crate::leaf::{ByteSink, Tensor, TensorError, TensorMut, Writable, check_assign, check_copy};
use crate::tensor::{Shape, TensorView};

/// The differences between tensors of numbers, of integers and of truth values.
pub(super) trait LeafKind: Basic + TensorKind + Sized + 'static {
    /// `tensor` with the gradient setting of `before`.
    fn tracked_as<const D: usize>(
        tensor: BurnTensor<D, Self>,
        before: &BurnTensor<D, Self>,
    ) -> BurnTensor<D, Self>;
}

impl LeafKind for Float {
    fn tracked_as<const D: usize>(tensor: BurnTensor<D>, before: &BurnTensor<D>) -> BurnTensor<D> {
        if before.is_require_grad() { tensor.set_require_grad(true) } else { tensor }
    }
}

impl LeafKind for Int {
    fn tracked_as<const D: usize>(
        tensor: BurnTensor<D, Int>,
        _: &BurnTensor<D, Int>,
    ) -> BurnTensor<D, Int> {
        tensor
    }
}

impl LeafKind for Bool {
    fn tracked_as<const D: usize>(
        tensor: BurnTensor<D, Bool>,
        _: &BurnTensor<D, Bool>,
    ) -> BurnTensor<D, Bool> {
        tensor
    }
}

/// Returns `true` if a tensor of this kind, on this device, can become one of `dtype`.
pub(super) fn adopts(kind: Kind, device: &Device, dtype: DType) -> bool {
    let of_kind = match kind {
        Kind::Float => matches!(dtype, DType::F64 | DType::F32 | DType::F16 | DType::BF16),
        Kind::Int => matches!(
            dtype,
            DType::I64
                | DType::I32
                | DType::I16
                | DType::I8
                | DType::U64
                | DType::U32
                | DType::U16
                | DType::U8
        ),
        // burn chooses how a device holds truth values.
        Kind::Bool => return dtype == DType::Bool,
    };
    of_kind && data::burn_dtype(dtype).is_some_and(|dtype| device.supports_dtype(dtype))
}

/// A tensor of these elements, with their element type.
fn from_data<const D: usize, K: Basic>(data: TensorData, device: &Device) -> BurnTensor<D, K> {
    // Without an element type burn would convert to the device's default: f16 to f32, i64 to i32.
    let dtype = data.dtype();
    BurnTensor::from_data(data, (device, dtype))
}

impl<const D: usize, K: LeafKind> Tensor for BurnTensor<D, K> {
    fn dtype(&self) -> Result<DType, TensorError> {
        data::dtype_of(BurnTensor::dtype(self)).ok_or_else(data::quantized)
    }

    fn shape(&self) -> Shape {
        data::shape_of(&BurnTensor::shape(self))
    }

    fn adopts(&self, dtype: DType) -> bool {
        adopts(K::KIND, &self.device(), dtype)
    }

    fn writable(&self) -> Result<Writable, TensorError> {
        Tensor::dtype(self)?;
        Ok(Writable::Certainly)
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        data::write(self, sink)
    }
}

impl<const D: usize, K: LeafKind> TensorMut for BurnTensor<D, K> {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        *self = K::tracked_as(from_data(data::to_data(source)?, &self.device()), self);
        Ok(())
    }

    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_assign(self, &source)?;
        *self = K::tracked_as(from_data(data::keep_data(source)?, &self.device()), self);
        Ok(())
    }
}
