//! What a key means in a file.

use serde_json::Value as Json;
use statedict::TensorView;
use statedict::value::{Kind, NumPy, NumPyForm, Value};

use crate::failure::Failure;
use crate::leaf::{self, Texts};
use crate::opened::Opened;
use crate::path;
use crate::walk::{Found, Place, walk, walk_under};

/// Something that was selected.
pub(super) struct Selected<'o> {
    pub(super) name: String,
    pub(super) path: Json,
    pub(super) what: What<'o>,
}

pub(super) enum What<'o> {
    Tensor(TensorView<'o>),
    /// Any other value: as text, as JSON, and its bytes where it is text or bytes.
    Value {
        text: String,
        json: Json,
        bytes: Option<Vec<u8>>,
        /// Of NumPy: what is a tensor where it is asked for alone.
        array: Option<NumPy<'o>>,
    },
}

/// Everything that a key names: what is at a path, or the tensors of a module.
pub(super) fn select<'o>(opened: &'o Opened, key: &str) -> Result<Vec<Selected<'o>>, Failure> {
    let mut selected = Vec::new();
    let mut add = |place: &Place<'_, 'o>, found: Found<'o>| -> Result<(), Failure> {
        let (name, path) = (place.name(), path::json(place.steps));
        selected.extend(what(&name, found)?.map(|what| Selected { name, path, what }));
        Ok(())
    };
    match path::find(opened.root(), key) {
        Ok(from) => walk_under(opened, from, add)?,
        Err(error) if !error.readings.is_empty() => return Err(error.to_string().into()),
        Err(error) => {
            let module = format!("{key}.");
            walk(opened, |place, found| {
                let is_in_it = path::dotted(place.steps).starts_with(&module);
                if is_in_it { add(place, found) } else { Ok(()) }
            })?;
            if selected.is_empty() {
                return Err(error.to_string().into());
            }
        }
    }
    Ok(selected)
}

/// What is printed of something that was found; nothing of a container itself.
fn what<'o>(name: &str, found: Found<'o>) -> Result<Option<What<'o>>, Failure> {
    let value = |text: String, json: Json| What::Value { text, json, bytes: None, array: None };
    Ok(Some(match found {
        Found::Tensor(tensor, _) => What::Tensor(tensor),
        Found::Leaf(value) | Found::Flag(value) => {
            let bytes = match value.kind() {
                Kind::Bytes(bytes) | Kind::ByteArray(bytes) | Kind::Surrogates(bytes) => {
                    Some(bytes.to_vec())
                }
                Kind::Str(text) => Some(text.as_bytes().to_vec()),
                _ => None,
            };
            let array = match value.kind() {
                Kind::NumPy(array) => Some(array),
                _ => None,
            };
            What::Value {
                text: text_of(value),
                json: leaf::leaf(value, &Texts::all()).0,
                bytes,
                array,
            }
        }
        Found::Long(long) => {
            value(format!("(a text of {} bytes)", long.text_len()), leaf::cut(long))
        }
        Found::Cycle => value("(itself)".to_owned(), serde_json::json!({"type": "cycle"})),
        Found::Same(first) => {
            let json = serde_json::json!({"type": "same", "value": first});
            value(format!("(the same as {first})"), json)
        }
        Found::Refused(refusal) => return Err(format!("{name} is {refusal}").into()),
        Found::Container(_) | Found::Metadata(_) => return Ok(None),
    }))
}

/// Describes a value in one line.
fn text_of(value: Value<'_>) -> String {
    match value.kind() {
        Kind::NumPy(array) if array.form() == NumPyForm::Array => {
            let shape: Vec<String> = array.shape().iter().map(|size| format!("{size:?}")).collect();
            format!("{value:?} {} [{}]", array.type_name(), shape.join(", "))
        }
        _ => format!("{value:?}"),
    }
}
