//! NumPy's scalars as the numbers they are: what `loss.item()` gave where the loss was an array.

use half::f16;

use crate::checkpoint::part::{Part, Shape};
use crate::value::{Integer, Node, NodeId, NumPy, NumPyForm, ObjectNode, Tree};

/// The number that a scalar of a file is.
pub(super) fn of_numpy<'c, 'a>(value: NumPy<'c>) -> Option<Shape<'c, 'a>> {
    match value.form() {
        NumPyForm::Scalar => {
            number(value.type_code(), value.is_big_endian(), value.data().as_bytes()?)
        }
        _ => None,
    }
}

/// The number that a scalar is which is kept as the call that makes it: `scalar(dtype("f8"), b"...")`.
pub(super) fn of_object<'c, 'a>(
    tree: &'c Tree<'a>,
    object: &'c ObjectNode,
) -> Option<Shape<'c, 'a>> {
    let Some(Node::Global { module, name }) = tree.get(object.class) else { return None };
    if name != "scalar" || !module.starts_with("numpy.") || !module.ends_with(".multiarray") {
        return None;
    }
    let Some(Node::Tuple(args)) = tree.get(object.args) else { return None };
    let &[dtype, data] = args.as_slice() else { return None };
    let Some(Node::Bytes(data)) = tree.get(data) else { return None };
    let Some(Node::Object(dtype)) = tree.get(dtype) else { return None };
    let code = item(tree, dtype.args, 0)?.str()?;
    // The second of a dtype's state says its byte order.
    let is_big = dtype.state.and_then(|state| item(tree, state, 1)?.str()) == Some(">");
    number(code, is_big, data)
}

fn item<'c, 'a>(tree: &'c Tree<'a>, tuple: NodeId, index: usize) -> Option<Part<'c, 'a>> {
    match tree.get(tuple)? {
        Node::Tuple(items) => items.get(index).map(|&id| Part::Built(tree, id)),
        _ => None,
    }
}

/// A number by NumPy's code of its type.
fn number<'c, 'a>(code: &str, is_big_endian: bool, bytes: &[u8]) -> Option<Shape<'c, 'a>> {
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
