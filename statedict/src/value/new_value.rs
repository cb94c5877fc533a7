//! Values without parts, as a graph takes them.

use std::borrow::Cow;

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};

/// A value without parts that is to be added to a [`Graph`](crate::value::Graph).
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum NewValue<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// An `int` of any size: two's complement, least significant byte first.
    BigInt(Cow<'a, [u8]>),
    /// A `float`.
    Float(f64),
    /// A `complex`.
    Complex {
        /// The real part.
        re: f64,
        /// The imaginary part.
        im: f64,
    },
    /// A `str`.
    Str(Cow<'a, str>),
    /// A `bytes`.
    Bytes(Cow<'a, [u8]>),
    /// A `bytearray`.
    ByteArray(Cow<'a, [u8]>),
    /// A tensor.
    Tensor(TensorView<'a>),
    /// A `torch.nn.Parameter`.
    Parameter(TensorView<'a>),
    /// A storage by itself, of elements of a type or (`None`) untyped.
    Storage(Storage<'a>, Option<DType>),
    /// A `torch.dtype`.
    DType(DType),
    /// A `torch.device`.
    Device {
        /// The kind of device: `"cuda"`.
        kind: Cow<'a, str>,
        /// Which of that kind.
        index: Option<i64>,
    },
    /// A `torch.layout`, by its name: `"torch.strided"`.
    Layout(Cow<'a, str>),
    /// A class or function.
    Global {
        /// The module.
        module: Cow<'a, str>,
        /// The name within the module.
        name: Cow<'a, str>,
    },
}

macro_rules! from {
    ($($from:ty => |$value:ident| $new:expr),* $(,)?) => {
        $(impl<'a> From<$from> for NewValue<'a> {
            fn from($value: $from) -> Self {
                $new
            }
        })*
    };
}

from! {
    () => |_unit| NewValue::None,
    bool => |value| NewValue::Bool(value),
    i32 => |value| NewValue::Int(value.into()),
    u32 => |value| NewValue::Int(value.into()),
    i64 => |value| NewValue::Int(value),
    u64 => |value| NewValue::BigInt(i128::from(value).to_le_bytes().to_vec().into()),
    f64 => |value| NewValue::Float(value),
    &'a str => |value| NewValue::Str(value.into()),
    String => |value| NewValue::Str(value.into()),
    DType => |value| NewValue::DType(value),
    TensorView<'a> => |view| NewValue::Tensor(view),
}
