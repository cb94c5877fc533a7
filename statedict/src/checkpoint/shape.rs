//! What a value is, as far as a checkpoint must know.

use half::f16;

use crate::value::{Dict, Integer, Items, Kind, NumPy, NumPyForm, Object, Value};

/// The kind of a value.
pub(super) enum Shape<'c> {
    None,
    Bool(bool),
    Int(Integer<'c>),
    Float(f64),
    Complex(f64, f64),
    Str(&'c str),
    /// A str with lone surrogates.
    Surrogates(&'c [u8]),
    Bytes(&'c [u8]),
    /// A list, tuple, size or set.
    Items(Items<'c>),
    Dict(Dict<'c>),
    Tensor,
    /// A tensor that no view can show: what it is.
    OddTensor(&'static str),
    /// A dtype, device or layout, as Python's `str` of it.
    Name(String),
    /// An object of a class that is not known, with the dict of its attributes, if it has one.
    Object(Option<Dict<'c>>),
    /// A class, function or storage.
    Other,
}

impl<'c> Shape<'c> {
    pub(super) fn of(value: Value<'c>) -> Self {
        match value.kind() {
            Kind::None => Shape::None,
            Kind::Bool(value) => Shape::Bool(value),
            Kind::Int(value) => Shape::Int(value),
            Kind::Float(value) => Shape::Float(value),
            Kind::Complex { re, im } => Shape::Complex(re, im),
            Kind::Str(text) => Shape::Str(text),
            Kind::Surrogates(bytes) => Shape::Surrogates(bytes),
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) => Shape::Bytes(bytes),
            Kind::List(items)
            | Kind::Tuple(items)
            | Kind::Size(items)
            | Kind::Set(items)
            | Kind::FrozenSet(items) => Shape::Items(items),
            Kind::Dict(dict) => Shape::Dict(dict),
            Kind::Tensor(_) => Shape::Tensor,
            Kind::Sparse(_) => Shape::OddTensor("a sparse tensor"),
            Kind::Quantized(_) => Shape::OddTensor("a quantized tensor"),
            Kind::Refused(_) => Shape::OddTensor("a tensor that cannot be represented"),
            Kind::DType(dtype) => Shape::Name(format!("torch.{dtype}")),
            Kind::Device(device) => Shape::Name(device.to_string()),
            Kind::Layout(name) => Shape::Name(name.to_owned()),
            Kind::Object(object) => match (scalar_call(object), value.as_mapping()) {
                (Some(scalar), _) => scalar,
                (None, Some(entries)) => Shape::Dict(entries),
                (None, None) => Shape::Object(object.state().as_dict()),
            },
            Kind::NumPy(value) => scalar(value).unwrap_or(Shape::Other),
            Kind::Storage(_) | Kind::Global(_) => Shape::Other,
        }
    }
}

/// Describes a value for messages: an int, a list.
pub(super) fn described(value: Value<'_>) -> String {
    match &*value.type_name() {
        "NoneType" => "None".to_owned(),
        name if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
        name => format!("a {name}"),
    }
}

/// Which item an index means: one below zero counts from the end.
pub(super) fn item(items: Items<'_>, index: i64) -> Option<usize> {
    let index = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    (index < items.len()).then_some(index)
}

/// The number that a scalar of NumPy is: what `loss.item()` gave where the loss was an array.
fn scalar<'c>(value: NumPy<'c>) -> Option<Shape<'c>> {
    match value.form() {
        NumPyForm::Scalar => {
            number(value.type_code(), value.is_big_endian(), value.data().as_bytes()?)
        }
        _ => None,
    }
}

/// The number that a scalar is which was put in as the call that makes it: `scalar(dtype("f8"), b"...")`.
fn scalar_call<'c>(object: Object<'c>) -> Option<Shape<'c>> {
    let Kind::Global(class) = object.class().kind() else { return None };
    let numpy = class.module().starts_with("numpy.") && class.module().ends_with(".multiarray");
    if class.name() != "scalar" || !numpy {
        return None;
    }
    let args = object.args().as_items()?;
    let Kind::Object(dtype) = args.get(0)?.kind() else { return None };
    let code = dtype.args().as_items()?.get(0)?.as_str()?;
    // The second of a dtype's state says its byte order.
    let order = dtype.state().as_items().and_then(|state| state.get(1)?.as_str());
    number(code, order == Some(">"), args.get(1)?.as_bytes()?)
}

/// A number by NumPy's code of its type.
fn number<'c>(code: &str, is_big_endian: bool, bytes: &[u8]) -> Option<Shape<'c>> {
    let mut bytes = bytes.to_vec();
    if is_big_endian {
        bytes.reverse();
    }
    let bytes = bytes.as_slice();
    let int = |value: i64| Shape::Int(Integer::small(value));
    Some(match code {
        "f8" => Shape::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        "f4" => Shape::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "f2" => Shape::Float(f16::from_le_bytes(bytes.try_into().ok()?).into()),
        "i8" => int(i64::from_le_bytes(bytes.try_into().ok()?)),
        "i4" => int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        "i2" => int(i16::from_le_bytes(bytes.try_into().ok()?).into()),
        "i1" => int(i8::from_le_bytes(bytes.try_into().ok()?).into()),
        "u8" => int(u64::from_le_bytes(bytes.try_into().ok()?).try_into().ok()?),
        "u4" => int(u32::from_le_bytes(bytes.try_into().ok()?).into()),
        "u2" => int(u16::from_le_bytes(bytes.try_into().ok()?).into()),
        "u1" => int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
        "b1" => Shape::Bool(bytes != [0]),
        _ => return None,
    })
}
