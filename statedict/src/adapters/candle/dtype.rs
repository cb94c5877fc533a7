//! candle's element types and PyTorch's.

use candle_core::DType as Candle;

use crate::dtype::DType;
use crate::leaf::TensorError;

/// PyTorch's type of these elements; `None` for those of less than a byte, which have another form
/// in PyTorch.
pub(super) fn of_candle(dtype: Candle) -> Option<DType> {
    Some(match dtype {
        Candle::U8 => DType::U8,
        Candle::U32 => DType::U32,
        Candle::I16 => DType::I16,
        Candle::I32 => DType::I32,
        Candle::I64 => DType::I64,
        Candle::BF16 => DType::BF16,
        Candle::F16 => DType::F16,
        Candle::F32 => DType::F32,
        Candle::F64 => DType::F64,
        Candle::F8E4M3 => DType::F8E4M3FN,
        Candle::F8E8M0 => DType::F8E8M0FNU,
        _ => return None,
    })
}

/// The type of which candle can make a tensor.
pub(super) fn to_candle(dtype: DType) -> Option<Candle> {
    use Candle::{BF16, F8E4M3, F16, F32, F64, I16, I32, I64, U8, U32};
    let all = [U8, U32, I16, I32, I64, BF16, F16, F32, F64, F8E4M3];
    all.into_iter().find(|&candle| of_candle(candle) == Some(dtype))
}

/// The error about elements that PyTorch has no type for.
pub(super) fn unsupported(dtype: Candle) -> TensorError {
    let name = dtype.as_str();
    TensorError::Library(format!("PyTorch has no element type for candle's {name}").into())
}

/// candle's error, without the backtrace that candle adds where backtraces are on.
pub(super) fn library(error: candle_core::Error) -> TensorError {
    let mut error = error;
    while let candle_core::Error::WithBacktrace { inner, .. } = error {
        error = *inner;
    }
    TensorError::Library(Box::new(error))
}
