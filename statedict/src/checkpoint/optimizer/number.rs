//! Python's numbers as elements of Rust's leaves, and the other way around.

use super::value::{FromState, StateValue, WrongValue};
use crate::dtype::DType;
use crate::tensor::{Element, Shape, TensorView, cast};
use crate::value::{Kind, NewValue, Value};

/// A number of Python.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Bool(bool),
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn of(value: Value<'_>) -> Option<Number> {
        match value.kind() {
            Kind::Bool(value) => Some(Number::Bool(value)),
            Kind::Int(value) => value.as_i64().map(Number::Int),
            Kind::Float(value) => Some(Number::Float(value)),
            _ => None,
        }
    }

    /// The element type that holds it as it is.
    fn dtype(self) -> DType {
        match self {
            Number::Bool(_) => DType::Bool,
            Number::Int(_) => DType::I64,
            Number::Float(_) => DType::F64,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Number::Bool(value) => value.write_le(out),
            Number::Int(value) => value.write_le(out),
            Number::Float(value) => value.write_le(out),
        }
    }

    /// The number that an element is.
    pub(super) fn of_element(bytes: &[u8], dtype: DType) -> Option<Number> {
        let to = match dtype {
            DType::Bool => DType::Bool,
            DType::U64 => {
                let number = i64::try_from(u64::read_le(bytes)).ok()?;
                return Some(Number::Int(number));
            }
            _ if dtype.is_floating_point() => DType::F64,
            _ if dtype.is_complex() || dtype.is_quantized() => return None,
            _ => DType::I64,
        };
        let bytes = cast(bytes, dtype, to)?;
        Some(match to {
            DType::Bool => Number::Bool(bool::read_le(&bytes)),
            DType::I64 => Number::Int(i64::read_le(&bytes)),
            _ => Number::Float(f64::read_le(&bytes)),
        })
    }

    pub(super) fn new_value<'a>(self) -> NewValue<'a> {
        match self {
            Number::Bool(value) => NewValue::Bool(value),
            Number::Int(value) => NewValue::Int(value),
            Number::Float(value) => NewValue::Float(value),
        }
    }

    /// Returns the number to write where `old` was: of its kind, and `old` itself where an element of `dtype` does not tell
    /// the two apart. A rate of 0.1 that went through an `f32` comes back as 0.1.
    pub(super) fn in_place_of(self, old: Number, dtype: DType) -> Option<Number> {
        match (old, self) {
            (Number::Float(old), Number::Float(new)) => {
                let same = element(Number::Float(old), dtype)? == element(self, dtype)?;
                Some(Number::Float(if same { old } else { new }))
            }
            // Exact: what an integer was read as, and is written as, is one.
            (Number::Int(old), Number::Float(new)) => {
                let same = element(Number::Int(old), dtype)? == element(self, dtype)?;
                Some(if same { Number::Int(old) } else { Number::Float(new) })
            }
            (Number::Float(_), Number::Int(new)) => Some(Number::Float(new as f64)),
            (Number::Bool(_), Number::Bool(_)) | (Number::Int(_), Number::Int(_)) => Some(self),
            _ => None,
        }
    }
}

/// A number as an element of `dtype`.
fn element(number: Number, dtype: DType) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    number.write(&mut bytes);
    cast(&bytes, number.dtype(), dtype)
}

/// The value as a leaf of this type takes it: a tensor as it is, a number or a tuple of numbers as a tensor. `None`
/// where it is neither, or the leaf cannot hold it without a loss other than a rounding.
pub(super) fn as_tensor<'a>(value: StateValue<'_, 'a>, dtype: DType) -> Option<TensorView<'a>> {
    let shape: Shape;
    let numbers: Vec<Number>;
    match (value.tensor(), value.items()) {
        (Some(view), _) => {
            let counts = dtype.is_floating_point() || dtype == view.dtype();
            if counts || !view.dtype().is_floating_point() || !view.shape().is_empty() {
                return Some(view);
            }
            // PyTorch counts steps in floating point.
            let Ok(count) = i64::from_state(value) else { return Some(view) };
            (numbers, shape) = (vec![Number::Int(count)], Shape::from([]));
        }
        (_, Some(items)) => {
            numbers = items.map(|item| Number::of(item.value())).collect::<Option<_>>()?;
            shape = Shape::from([numbers.len()]);
        }
        (None, None) => {
            (numbers, shape) = (vec![Number::of(value.value())?], Shape::from([]));
        }
    }
    let natural = natural(&numbers)?;
    let mut bytes = Vec::new();
    for number in numbers {
        match (number, natural) {
            (Number::Int(value), DType::F64) => Number::Float(value as f64).write(&mut bytes),
            _ => number.write(&mut bytes),
        }
    }
    let fits = match natural {
        DType::F64 => dtype.is_floating_point(),
        DType::I64 => dtype.is_floating_point() || holds(&bytes, dtype),
        _ => dtype == natural,
    };
    let target = if fits { dtype } else { natural };
    TensorView::from_bytes(cast(&bytes, natural, target)?, target, shape).ok()
}

/// One type for all numbers, as PyTorch has it: floating point where one is.
fn natural(numbers: &[Number]) -> Option<DType> {
    let mut dtypes: Vec<DType> = numbers.iter().map(|number| number.dtype()).collect();
    dtypes.sort_by_key(|dtype| dtype.is_floating_point());
    dtypes.dedup();
    match dtypes.as_slice() {
        [] => Some(DType::F64),
        [one] => Some(*one),
        [DType::I64, DType::F64] => Some(DType::F64),
        _ => None,
    }
}

/// Returns `true` if all of these integers are numbers of an integer type.
fn holds(bytes: &[u8], dtype: DType) -> bool {
    // Negative numbers go there and back.
    let negative = |number: &[u8]| i64::read_le(number) < 0;
    if dtype == DType::U64 && bytes.chunks_exact(size_of::<i64>()).any(negative) {
        return false;
    }
    let integers = !dtype.is_complex() && !dtype.is_quantized() && dtype != DType::Bool;
    let there = cast(bytes, DType::I64, dtype).filter(|_| integers);
    there.and_then(|there| cast(&there, dtype, DType::I64)).is_some_and(|back| back == bytes)
}

/// The numbers of a leaf without or with one dimension.
pub(super) fn numbers(view: &TensorView<'_>) -> Result<Option<Vec<Number>>, WrongValue> {
    if view.shape().len() > 1 {
        return Ok(None);
    }
    let bytes = view.bytes().map_err(|error| WrongValue::unreadable("a number", &error))?;
    let elements = bytes.chunks_exact(view.dtype().size());
    Ok(elements.map(|element| Number::of_element(element, view.dtype())).collect())
}
