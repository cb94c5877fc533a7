//! What a key means in a file.

use serde_json::Value as Json;
use statedict::TensorView;
use statedict::value::{Kind, NumPy, NumPyForm, Value};

use crate::failure::{Failure, refused};
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

impl<'o> Selected<'o> {
    fn new(place: &Place<'_, 'o>, found: Found<'o>) -> Option<Self> {
        let what = what(found)?;
        Some(Selected { name: place.name(), path: path::json(place.steps), what })
    }
}

/// What a key names.
pub(super) enum Selection<'o> {
    One(Box<Selected<'o>>),
    /// So many, which [`each`] tells of: all of them at once would take far more memory than the file.
    Several(usize),
}

/// Finds what a key names: what is at a path, or the tensors of a module.
pub(super) fn select<'o>(opened: &'o Opened, key: &str) -> Result<Selection<'o>, Failure> {
    let (mut count, mut first) = (0, None);
    walk_selected(opened, key, |place, found| {
        if let Found::Refused(refusal) = found {
            return Err(format!("{} is {}", place.name(), refused(refusal)).into());
        }
        let is_told = !matches!(found, Found::Container(_) | Found::Metadata(_));
        count += usize::from(is_told);
        if count == 1 && is_told {
            first = Selected::new(place, found);
        }
        Ok(())
    })?;
    Ok(match first {
        Some(first) if count == 1 => Selection::One(Box::new(first)),
        _ => Selection::Several(count),
    })
}

/// Tells of everything that a key names, one by one.
pub(super) fn each<'o>(
    opened: &'o Opened,
    key: &str,
    mut tell: impl FnMut(Selected<'o>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    walk_selected(opened, key, |place, found| Selected::new(place, found).map_or(Ok(()), &mut tell))
}

fn walk_selected<'o>(
    opened: &'o Opened,
    key: &str,
    mut tell: impl FnMut(&Place<'_, 'o>, Found<'o>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match path::find(opened.root(), key) {
        Ok(from) => walk_under(opened, from, tell),
        Err(error) if !error.readings.is_empty() => Err(error.to_string().into()),
        Err(error) => {
            let module = format!("{key}.");
            let mut is_found = false;
            walk(opened, |place, found| {
                if !path::dotted(place.steps).starts_with(&module) {
                    return Ok(());
                }
                is_found |= !matches!(found, Found::Container(_) | Found::Metadata(_));
                tell(place, found)
            })?;
            if is_found { Ok(()) } else { Err(error.to_string().into()) }
        }
    }
}

/// What is printed of something that was found; nothing of a container itself.
fn what(found: Found<'_>) -> Option<What<'_>> {
    let value = |text: String, json: Json| What::Value { text, json, bytes: None, array: None };
    Some(match found {
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
        Found::Refused(_) | Found::Container(_) | Found::Metadata(_) => return None,
    })
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
