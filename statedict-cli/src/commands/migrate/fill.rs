//! The step `fill`: a tensor that holds one number everywhere.

use std::fmt;

use serde::Deserialize;
use statedict::tensor::Storage;
use statedict::{DType, MigrateError, TensorView};

/// The number of a rules file.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Bool(bool),
    Int(i64),
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Bool(value) => write!(f, "{value}"),
            Number::Int(value) => write!(f, "{value}"),
            Number::Float(value) => write!(f, "{value}"),
        }
    }
}

/// A tensor of one value, where the element type can hold it: floating point may round it, but not
/// to infinity, and everything else must be exact.
pub(super) fn filled(
    number: &Number,
    dtype: DType,
    shape: &[usize],
) -> Result<TensorView<'static>, MigrateError> {
    let inexact = || MigrateError::message(format!("{dtype} cannot hold {number}"));
    let exact = match *number {
        Number::Bool(value) => TensorView::full(i64::from(value), [])?,
        Number::Int(value) => TensorView::full(value, [])?,
        Number::Float(value) => TensorView::full(value, [])?,
    };
    let cast = exact.cast(dtype).map_err(|error| MigrateError::message(error.to_string()))?;
    let bytes = cast.bytes().map_err(|error| MigrateError::message(error.to_string()))?;
    let back = TensorView::from_bytes(bytes.to_vec(), dtype, [])?;
    let holds = if dtype.is_floating_point() || dtype.is_complex() {
        let value = exact.cast(DType::F64)?.item::<f64>()?;
        let rounded = back.cast(DType::F64)?.item::<f64>()?;
        // A half of it or less is no rounding: very small numbers may become 0.
        (value.is_nan() && rounded.is_nan())
            || value == rounded
            || (value.is_finite() && rounded.is_finite() && (rounded - value).abs() <= value.abs())
    } else {
        let value = exact.cast(DType::F64)?.item::<f64>()?;
        back.cast(exact.dtype())?.bytes().ok() == exact.bytes().ok()
            && back.cast(DType::F64)?.item::<f64>()? == value
    };
    if !holds {
        return Err(inexact());
    }
    let strides = shape.iter().map(|_| 0isize).collect();
    let storage = Storage::from_bytes(bytes.into_owned());
    Ok(TensorView::strided(storage, dtype, shape, strides, 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: Number, dtype: DType) -> Option<Vec<u8>> {
        let view = filled(&number, dtype, &[2]).ok()?;
        Some(view.bytes().unwrap().into_owned())
    }

    #[test]
    fn every_type_is_filled_with_what_it_can_hold() {
        assert_eq!(bytes(Number::Float(1.0), DType::BF16), Some(vec![0x80, 0x3f, 0x80, 0x3f]));
        assert_eq!(bytes(Number::Int(1), DType::F8E4M3FN), Some(vec![0x38, 0x38]));
        assert_eq!(bytes(Number::Int(-1), DType::I8), Some(vec![0xff, 0xff]));
        assert_eq!(bytes(Number::Float(3.0), DType::U8), Some(vec![3, 3]));
        assert_eq!(bytes(Number::Bool(true), DType::Bool), Some(vec![1, 1]));
        let complex = bytes(Number::Int(2), DType::C64).unwrap();
        assert_eq!(complex[..8], [0, 0, 0, 0x40, 0, 0, 0, 0]);
        let large = i64::MAX - 1;
        assert_eq!(bytes(Number::Int(large), DType::I64).unwrap()[..8], large.to_le_bytes());
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        for (number, dtype) in [
            (Number::Int(-1), DType::U8),
            (Number::Int(256), DType::U8),
            (Number::Int(2), DType::Bool),
            (Number::Float(0.5), DType::I32),
            (Number::Float(1e10), DType::F16),
            (Number::Float(f64::NAN), DType::I64),
            (Number::Float(f64::INFINITY), DType::F8E4M3FN),
            (Number::Int(1), DType::QI8),
        ] {
            assert!(filled(&number, dtype, &[1]).is_err(), "{number} as {dtype}");
        }
    }
}
