//! Values without parts, and paths, as JSON.

use serde_json::{Map, Value as Json, json};
use statedict::value::{Items, Kind, NumPy, NumPyForm, Value};

use crate::walk::Segment;

/// Within a set or a key containers can nest; Python's own are a few levels deep.
const DEPTH: usize = 32;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn float(value: f64) -> Json {
    json!({"type": "float", "bits": hex(&value.to_bits().to_be_bytes())})
}

pub(crate) fn int(value: impl std::fmt::Display) -> Json {
    json!({"type": "int", "value": value.to_string()})
}

/// The path as the JSON list that other programs read.
pub(crate) fn path(path: &[Segment<'_>]) -> Json {
    let segment = |segment: &Segment<'_>| match *segment {
        Segment::Key(key) => json!(key),
        Segment::Index(index) => json!(index),
        Segment::Other(key) => json!({"key": leaf(key)}),
        Segment::Attribute(name) => json!({"attr": name}),
    };
    Json::Array(path.iter().map(segment).collect())
}

/// A value as an object with its type and content.
pub(crate) fn leaf(value: Value<'_>) -> Json {
    leaf_within(value, DEPTH)
}

fn leaf_within(value: Value<'_>, depth: usize) -> Json {
    let name = value.type_name();
    let items = |items: Items<'_>| match depth.checked_sub(1) {
        Some(depth) => {
            let values: Vec<Json> = items.iter().map(|item| leaf_within(item, depth)).collect();
            json!({"type": name, "value": values})
        }
        None => json!({"type": name}),
    };
    match value.kind() {
        Kind::Int(value) => int(value),
        Kind::Float(value) => float(value),
        Kind::Str(value) => json!({"type": "str", "value": value}),
        Kind::Bool(value) => json!({"type": "bool", "value": value}),
        Kind::Bytes(bytes) | Kind::ByteArray(bytes) => json!({"type": name, "hex": hex(bytes)}),
        Kind::Complex { re, im } => {
            let bits = |value: f64| hex(&value.to_bits().to_be_bytes());
            json!({"type": name, "bits": [bits(re), bits(im)]})
        }
        Kind::DType(dtype) => json!({"type": name, "value": format!("torch.{dtype}")}),
        Kind::Device(device) => json!({"type": name, "value": device.to_string()}),
        Kind::Layout(layout) => json!({"type": name, "value": layout}),
        Kind::Global(name) => json!({"type": "global", "value": name.to_string()}),
        Kind::List(found)
        | Kind::Tuple(found)
        | Kind::Size(found)
        | Kind::Set(found)
        | Kind::FrozenSet(found) => items(found),
        Kind::NumPy(value) => numpy(value, &name),
        Kind::Storage(storage) => {
            let dtype = storage.dtype().map(|dtype| dtype.to_string());
            json!({"type": name, "dtype": dtype, "nbytes": storage.storage().nbytes()})
        }
        // `None`, and what the walk tells the parts of.
        _ => json!({"type": name}),
    }
}

fn numpy(value: NumPy<'_>, name: &str) -> Json {
    if value.form() == NumPyForm::DType {
        return json!({"type": name, "value": value.type_name()});
    }
    let shape: Vec<Option<i64>> = value.shape().iter().map(Value::as_i64).collect();
    let tensor = value.to_tensor();
    let bytes = tensor.as_ref().and_then(|tensor| tensor.bytes().ok());
    let content = bytes.as_ref().map(|bytes| hex(bytes));
    json!({"type": name, "dtype": value.type_name(), "shape": shape, "hex": content})
}

/// A value of `_metadata` as plain JSON: what JSON has no word for is an object as [`leaf`] makes.
pub(crate) fn plain(value: Value<'_>) -> Json {
    plain_within(value, DEPTH)
}

fn plain_within(value: Value<'_>, depth: usize) -> Json {
    let Some(deeper) = depth.checked_sub(1) else { return leaf_within(value, 0) };
    match value.kind() {
        Kind::None => Json::Null,
        Kind::Bool(value) => json!(value),
        Kind::Int(found) => value.as_i64().map_or_else(|| int(found), |value| json!(value)),
        Kind::Str(value) => json!(value),
        Kind::Dict(dict) if dict.iter().all(|(key, _)| key.as_str().is_some()) => {
            let entries = dict.iter().filter_map(|(key, value)| {
                Some((key.as_str()?.to_owned(), plain_within(value, deeper)))
            });
            Json::Object(entries.collect::<Map<_, _>>())
        }
        Kind::List(items) | Kind::Tuple(items) => {
            Json::Array(items.iter().map(|item| plain_within(item, deeper)).collect())
        }
        _ => leaf(value),
    }
}
