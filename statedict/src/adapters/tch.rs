//! `tch::Tensor` as a leaf (feature `tch`): libtorch's own tensors.
//!
//! Handles of one tensor (`shallow_clone`) share it before and after a load.

use std::borrow::Cow;

use ::tch::{Device, Kind, TchError, Tensor as Tch, no_grad};

use crate::dtype::DType;
use crate::leaf::{ByteSink, StorageId, Tensor, TensorError, TensorMut, check_copy, check_shape};
use crate::tensor::{Shape, TensorView};

impl Tensor for Tch {
    fn dtype(&self) -> Result<DType, TensorError> {
        self.f_kind().map(dtype_of).map_err(library)
    }

    fn shape(&self) -> Shape {
        self.size().into_iter().map(|size| usize::try_from(size).unwrap_or(0)).collect()
    }

    /// Only of tensors that are told apart by where they begin: not of transposed ones, which begin where
    /// what they are made of does, and not of those that have no elements and so no place.
    fn storage_id(&self) -> Option<StorageId> {
        if !self.is_contiguous() || self.numel() == 0 || self.is_conj() || self.is_neg() {
            return None;
        }
        let space = match self.device() {
            Device::Cpu => 0,
            Device::Mps => 1,
            Device::Vulkan => 2,
            Device::Cuda(index) => index.checked_add(3)?,
        };
        Some(StorageId::of::<Tch>(space, self.data_ptr().addr()))
    }

    fn location(&self) -> Cow<'_, str> {
        match self.device() {
            Device::Cuda(index) => Cow::Owned(format!("cuda:{index}")),
            Device::Mps => Cow::Borrowed("mps"),
            // PyTorch's files have no name for Vulkan.
            Device::Cpu | Device::Vulkan => Cow::Borrowed("cpu"),
        }
    }

    fn adopts(&self, dtype: DType) -> bool {
        kind_of(dtype).is_some()
    }

    fn with_bytes(&self, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
        let kind = self.f_kind().map_err(library)?;
        if self.numel() == 0 {
            return Ok(());
        }
        readable(kind)?;
        let plain = self.f_detach().and_then(|it| it.f_resolve_conj());
        let plain = plain.and_then(|it| it.f_resolve_neg()).map_err(library)?;
        let host = plain.f_to_device(Device::Cpu).and_then(|it| it.f_contiguous());
        let host = host.map_err(library)?;
        let size = dtype_of(kind).size();
        let mut bytes = vec![0; host.numel().saturating_mul(size)];
        host.f_copy_data_u8(&mut bytes, host.numel()).map_err(library)?;
        sink(&bytes)
    }
}

impl TensorMut for Tch {
    fn copy_(&mut self, source: &TensorView<'_>) -> Result<(), TensorError> {
        check_copy(self, source)?;
        let source = from_view(source)?;
        no_grad(|| self.f_copy_(&source)).map_err(library)
    }

    /// Every handle of this tensor becomes the source, as all of them are one tensor of libtorch.
    fn assign(&mut self, source: TensorView<'static>) -> Result<(), TensorError> {
        check_shape(self, &source)?;
        let source = from_view(&source)?.f_to_device(self.device()).map_err(library)?;
        no_grad(|| self.f_set_data(&source)).map_err(library)
    }
}

/// A tensor on the host with the elements of a view.
fn from_view(source: &TensorView<'_>) -> Result<Tch, TensorError> {
    let refused = || TensorError::Library(format!("tch has no {} tensors", source.dtype()).into());
    let kind = kind_of(source.dtype()).ok_or_else(refused)?;
    readable(kind)?;
    let sizes: Result<Vec<i64>, _> =
        source.shape().iter().map(|&size| i64::try_from(size)).collect();
    let sizes = sizes.map_err(|error| TensorError::Library(error.into()))?;
    Tch::f_from_data_size(&source.bytes()?, &sizes, kind).map_err(library)
}

/// Refuses tensors whose elements are not what files hold.
fn readable(kind: Kind) -> Result<(), TensorError> {
    if matches!(kind, Kind::QInt8 | Kind::QUInt8 | Kind::QInt32) {
        let advice = "a quantized tensor is more than its integers: dequantize it first";
        return Err(TensorError::Library(advice.into()));
    }
    if cfg!(target_endian = "big") {
        return Err(TensorError::Library("tch's tensors need a little-endian machine".into()));
    }
    Ok(())
}

fn library(error: TchError) -> TensorError {
    TensorError::Library(error.into())
}

/// Makes the two tables of one.
macro_rules! kinds {
    ($($kind:ident $dtype:ident),* $(,)?) => {
        fn dtype_of(kind: Kind) -> DType {
            match kind {
                $(Kind::$kind => DType::$dtype,)*
            }
        }

        /// tch's name of an element type, if it has one.
        fn kind_of(dtype: DType) -> Option<Kind> {
            match dtype {
                $(DType::$dtype => Some(Kind::$kind),)*
                _ => None,
            }
        }
    };
}

kinds! {
    Uint8 U8, Int8 I8, Int16 I16, Int I32, Int64 I64, Half F16, Float F32, Double F64,
    ComplexHalf C32, ComplexFloat C64, ComplexDouble C128, Bool Bool, QInt8 QI8, QUInt8 QU8,
    QInt32 QI32, BFloat16 BF16, Float8e5m2 F8E5M2, Float8e4m3fn F8E4M3FN,
    Float8e5m2fnuz F8E5M2FNUZ, Float8e4m3fnuz F8E4M3FNUZ,
}
