//! The entries of a state dict, and which dicts are none.

use crate::key::is_extra_state;
use crate::value::raw::Raw;
use crate::value::{Dict, Kind, NumPyForm, Value};

/// Returns the entry of a dict that shows that it is no state dict: its key and its value.
///
/// What `Module.state_dict()` returned says so itself, with `_metadata`, and may have any values beside its tensors:
/// a quantized module has dtypes and tuples. Any other dict needs a tensor, and has none with parts of its own, such
/// as the state dicts in a checkpoint, beside it; where it `flattens`, dicts in it are read as parts of it.
pub(crate) fn unfit<'g>(dict: Dict<'g>, flattens: bool) -> Option<(Value<'g>, Value<'g>)> {
    let attributes = dict.attributes().and_then(|attributes| attributes.get("_metadata"));
    let is_said = attributes.is_some_and(|metadata| metadata.as_mapping().is_some());
    let (mut has_tensor, mut other) = (false, None);
    for (key, value) in dict.iter() {
        // The commonest comes first: its key is not looked at twice.
        if matches!(key.raw(), Raw::Str(_)) && (is_said || matches!(value.raw(), Raw::Tensor(_))) {
            has_tensor = true;
            continue;
        }
        let Some(name) = key.text() else { return Some(other.unwrap_or((key, value))) };
        if is_said || is_extra_state(&name) {
            continue;
        }
        if is_tensor(value) {
            has_tensor = true;
            continue;
        }
        if flattens && value.as_mapping().is_some() {
            continue;
        }
        let other = *other.get_or_insert((key, value));
        if matches!(value.kind(), Kind::Dict(_) | Kind::Object(_)) {
            return Some(other);
        }
    }
    other.filter(|_| !has_tensor)
}

/// Checks that a value is a tensor, if only one that cannot be represented, or an array that can be one.
pub(crate) fn is_tensor(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Tensor(_) | Kind::Sparse(_) | Kind::Quantized(_) | Kind::Refused(_) => true,
        Kind::NumPy(value) => value.form() == NumPyForm::Array && value.dtype().is_some(),
        _ => false,
    }
}
