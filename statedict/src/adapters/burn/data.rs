//! Between burn's `TensorData` and views of a state dict.

use std::borrow::Cow;

use burn::tensor::kind::Basic;
use burn::tensor::{AllocationProperty, BoolStore, Bytes, DType as BurnDType, Tensor, TensorData};

use crate::dtype::DType;
use crate::leaf::{ByteSink, TensorError};
use crate::tensor::{Element, Shape, TensorView, copy_le_bytes};

/// PyTorch's name of one of burn's element types; `None` for its quantized ones.
pub(super) fn dtype_of(dtype: BurnDType) -> Option<DType> {
    Some(match dtype {
        BurnDType::F64 => DType::F64,
        // Flex32 is stored as f32, and computed with what the device likes.
        BurnDType::F32 | BurnDType::Flex32 => DType::F32,
        BurnDType::F16 => DType::F16,
        BurnDType::BF16 => DType::BF16,
        BurnDType::I64 => DType::I64,
        BurnDType::I32 => DType::I32,
        BurnDType::I16 => DType::I16,
        BurnDType::I8 => DType::I8,
        BurnDType::U64 => DType::U64,
        BurnDType::U32 => DType::U32,
        BurnDType::U16 => DType::U16,
        BurnDType::U8 => DType::U8,
        BurnDType::Bool(_) => DType::Bool,
        BurnDType::QFloat(_) => return None,
    })
}

/// burn's name of one of PyTorch's element types, if it has it.
pub(super) fn burn_dtype(dtype: DType) -> Option<BurnDType> {
    use BurnDType::{BF16, F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let bool = BurnDType::Bool(BoolStore::Native);
    let all = [F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, bool];
    all.into_iter().find(|&burn| dtype_of(burn) == Some(dtype))
}

/// The sizes of burn's shape.
pub(super) fn shape_of(shape: &burn::tensor::Shape) -> Shape {
    Shape::from(shape.as_slice())
}

/// The elements of `source` for burn: one copy, aligned for their type.
pub(super) fn to_data(source: &TensorView<'_>) -> Result<TensorData, TensorError> {
    let refused = || TensorError::Library(format!("burn has no {} tensors", source.dtype()).into());
    let dtype = burn_dtype(source.dtype()).ok_or_else(refused)?;
    let bytes = match source.dtype() {
        DType::F64 => Bytes::from_elems(elements::<f64>(source)?),
        DType::F32 => Bytes::from_elems(elements::<f32>(source)?),
        DType::F16 => Bytes::from_elems(elements::<half::f16>(source)?),
        DType::BF16 => Bytes::from_elems(elements::<half::bf16>(source)?),
        DType::I64 => Bytes::from_elems(elements::<i64>(source)?),
        DType::I32 => Bytes::from_elems(elements::<i32>(source)?),
        DType::I16 => Bytes::from_elems(elements::<i16>(source)?),
        DType::I8 => Bytes::from_elems(elements::<i8>(source)?),
        DType::U64 => Bytes::from_elems(elements::<u64>(source)?),
        DType::U32 => Bytes::from_elems(elements::<u32>(source)?),
        DType::U16 => Bytes::from_elems(elements::<u16>(source)?),
        DType::U8 => Bytes::from_elems(elements::<u8>(source)?),
        // A byte of a file need not be 0 or 1: any but 0 is true, as in PyTorch.
        DType::Bool => Bytes::from_elems(elements::<bool>(source)?),
        _ => return Err(refused()),
    };
    TensorData::try_from_bytes(bytes, source.shape().to_vec(), dtype)
        .map_err(|error| TensorError::Library(error.into()))
}

/// The elements of a tensor that is free to be kept: as they are, where they lie in memory row by row and
/// aligned for their type, and else as [`to_data`].
pub(super) fn keep_data(source: TensorView<'static>) -> Result<TensorData, TensorError> {
    let (size, shape) = (source.dtype().size(), source.shape().to_vec());
    let is_aligned = |bytes: &[u8]| bytes.as_ptr().addr().is_multiple_of(size.max(1));
    let lies_so = matches!(source.bytes(), Ok(Cow::Borrowed(bytes)) if is_aligned(bytes));
    // The bytes of truth values are looked at one by one, and numbers may have to be turned round.
    let as_it_is = source.dtype() != DType::Bool && cfg!(target_endian = "little");
    let (true, true, Some(dtype)) = (lies_so, as_it_is, burn_dtype(source.dtype())) else {
        return to_data(&source);
    };
    let bytes =
        Bytes::from_shared(bytes::Bytes::from_owner(Kept(source)), AllocationProperty::Other);
    TensorData::try_from_bytes(bytes, shape, dtype)
        .map_err(|error| TensorError::Library(error.into()))
}

/// A tensor whose elements are bytes in memory.
struct Kept(TensorView<'static>);

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        match self.0.bytes() {
            Ok(Cow::Borrowed(bytes)) => bytes,
            _ => &[],
        }
    }
}

/// The elements of a view, read once.
fn elements<T: Element>(source: &TensorView<'_>) -> Result<Vec<T>, TensorError> {
    let mut elements = vec![T::default(); source.numel()];
    match T::as_bytes_mut(&mut elements) {
        Some(bytes) => source.read_into(bytes)?,
        None => copy_le_bytes(&source.bytes()?, &mut elements),
    }
    Ok(elements)
}

/// How much of a tensor is copied out of burn at a time: it makes two copies of what it gives.
const PIECE: usize = 8 << 20;

/// Hands the elements of `tensor` to `sink` as a state dict holds them, some rows at a time.
pub(super) fn write<const D: usize, K: Basic>(
    tensor: &Tensor<D, K>,
    sink: &mut ByteSink<'_>,
) -> Result<(), TensorError> {
    let shape = tensor.shape();
    let rows = shape.as_slice().first().copied().unwrap_or(0);
    let nbytes = dtype_of(tensor.dtype()).ok_or_else(quantized)?.size() * shape.num_elements();
    // Rounded down: a piece has at least one row.
    let at_once = (PIECE / (nbytes / rows.max(1)).max(1)).max(1);
    let mut give = |piece: Tensor<D, K>| {
        let data = piece.try_into_data().map_err(|error| TensorError::Library(error.into()))?;
        write_data(data, sink)
    };
    if rows <= at_once {
        return give(tensor.clone());
    }
    (0..rows)
        .step_by(at_once)
        .try_for_each(|start| give(tensor.clone().narrow(0, start, at_once.min(rows - start))))
}

/// Hands the elements of `data` to `sink`.
fn write_data(data: TensorData, sink: &mut ByteSink<'_>) -> Result<(), TensorError> {
    let dtype = dtype_of(data.dtype()).ok_or_else(quantized)?;
    let data = match data.dtype() {
        // Some devices hold a truth value in more than a byte.
        BurnDType::Bool(store) if store != BoolStore::Native => data
            .try_cast(BurnDType::Bool(BoolStore::Native))
            .map_err(|error| TensorError::Library(error.into()))?,
        _ => data,
    };
    if cfg!(target_endian = "little") || dtype.size() == 1 {
        return sink(data.as_bytes());
    }
    let mut bytes = data.as_bytes().to_vec();
    bytes.chunks_exact_mut(dtype.size()).for_each(<[u8]>::reverse);
    sink(&bytes)
}

/// That a tensor's values are burn's own quantization, which no state dict can hold.
pub(super) fn quantized() -> TensorError {
    let advice = "burn's quantized tensors have no counterpart in a state dict: dequantize the \
                  module first, or save it with burn's own record";
    TensorError::Library(advice.into())
}
