//! A difference, for people and as JSON.

use serde_json::{Value as Json, json};
use statedict::TensorView;

use super::delta::Delta;
use super::side::{Entry, METADATA};
use crate::path;

/// Something in which two files differ.
pub(super) struct Difference {
    pub(super) identity: String,
    pub(super) what: What,
}

/// In what they differ.
pub(super) enum What {
    Removed {
        was: Form,
    },
    Added {
        is: Form,
    },
    /// Of another shape.
    Resized {
        was: Form,
        is: Form,
    },
    /// Of another element type; the numbers are compared all the same.
    Retyped {
        was: Form,
        is: Form,
        delta: Option<Delta>,
    },
    /// Of another kind, place or `requires_grad`, or a plain value that is another.
    Changed {
        was: Form,
        is: Form,
    },
    /// Of other numbers.
    Values {
        form: Form,
        delta: Option<Delta>,
    },
    /// Shares its storage with another tensor than in the other file, or with none: their names.
    Tie {
        was: Option<String>,
        is: Option<String>,
    },
    Version {
        was: Json,
        is: Json,
    },
    Trouble {
        reason: String,
    },
}

/// What is said of an entry beside its name.
pub(super) enum Form {
    Tensor { dtype: String, shape: Vec<usize>, device: String, requires_grad: bool },
    Leaf(Json),
    Refused(String),
    Container(String),
    Version(Json),
}

impl Form {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        match entry {
            Entry::Tensor(tensor) => Form::of_tensor(tensor),
            Entry::Leaf(leaf) => Form::Leaf(leaf.clone()),
            Entry::Refused(reason) => Form::Refused(reason.clone()),
            Entry::Container { kind, .. } => Form::Container(kind.clone()),
            Entry::Version(version) => Form::Version(version.clone()),
        }
    }

    pub(super) fn of_tensor(tensor: &TensorView<'_>) -> Self {
        Form::Tensor {
            dtype: tensor.dtype().to_string(),
            shape: tensor.shape().to_vec(),
            device: tensor.location().to_owned(),
            requires_grad: tensor.requires_grad(),
        }
    }

    fn text(&self) -> String {
        match self {
            Form::Tensor { dtype, shape, .. } => format!("{dtype} {shape:?}"),
            Form::Leaf(leaf) => leaf_text(leaf),
            Form::Refused(reason) => format!("refused: {reason}"),
            Form::Container(kind) => kind.clone(),
            Form::Version(version) => version_text(version),
        }
    }

    fn json(&self) -> Json {
        match self {
            Form::Tensor { dtype, shape, device, requires_grad } => json!({
                "kind": "tensor", "dtype": dtype, "shape": shape,
                "device": device, "requires_grad": requires_grad,
            }),
            Form::Leaf(leaf) => json!({"kind": "value", "value": leaf}),
            Form::Refused(reason) => json!({"kind": "refused", "reason": reason}),
            Form::Container(kind) => json!({"kind": "container", "type": kind}),
            Form::Version(version) => json!({"kind": "version", "value": version}),
        }
    }
}

/// What `_metadata` says of a module: in all but rare files a version alone.
fn version_text(entry: &Json) -> String {
    match entry.as_object() {
        Some(fields) if fields.len() == 1 && fields.contains_key("version") => {
            entry["version"].to_string()
        }
        _ => entry.to_string(),
    }
}

/// A plain value as people read it.
fn leaf_text(leaf: &Json) -> String {
    let kind = leaf["type"].as_str().unwrap_or_default();
    let text = match (kind, &leaf["value"], &leaf["bits"]) {
        ("float", _, Json::String(bits)) => {
            let bits = u64::from_str_radix(bits, 16).unwrap_or_default();
            format!("{:?}", f64::from_bits(bits))
        }
        ("int", Json::String(value), _) => value.clone(),
        ("bool", Json::Bool(true), _) => "True".to_owned(),
        ("bool", Json::Bool(false), _) => "False".to_owned(),
        ("NoneType", ..) => "None".to_owned(),
        (_, Json::String(value), _) => format!("{value:?}"),
        (kind, Json::Null, _) => kind.to_owned(),
        (kind, value, _) => format!("{kind} {value}"),
    };
    crate::terminal::shorten(text, 60)
}

impl What {
    fn is_version(&self) -> bool {
        match self {
            What::Removed { was: form } | What::Added { is: form } => {
                matches!(form, Form::Version(_))
            }
            What::Version { .. } => true,
            _ => false,
        }
    }

    /// The kinds in the order in which they are counted.
    pub(super) const KINDS: [&'static str; 9] = [
        "removed", "added", "resized", "retyped", "changed", "values", "ties", "versions",
        "trouble",
    ];

    pub(super) fn kind(&self) -> &'static str {
        match self {
            What::Removed { .. } => "removed",
            What::Added { .. } => "added",
            What::Resized { .. } => "resized",
            What::Retyped { .. } => "retyped",
            What::Changed { .. } => "changed",
            What::Values { .. } => "values",
            What::Tie { .. } => "ties",
            What::Version { .. } => "versions",
            What::Trouble { .. } => "trouble",
        }
    }

    pub(super) fn sign(&self) -> &'static str {
        match self {
            What::Removed { .. } => "-",
            What::Added { .. } => "+",
            What::Values { .. } => "≈",
            What::Tie { .. } => "≠",
            What::Trouble { .. } => "!",
            _ => "~",
        }
    }

    pub(super) fn text(&self) -> String {
        let delta_text =
            |delta: &Option<Delta>| delta.as_ref().map_or_else(String::new, Delta::text);
        match self {
            What::Removed { was: form } | What::Added { is: form } => form.text(),
            What::Resized { was, is } => match (was, is) {
                (Form::Tensor { dtype: a, .. }, Form::Tensor { dtype: b, shape, .. }) if a == b => {
                    format!("{} → {shape:?}", was.text())
                }
                _ => format!("{} → {}", was.text(), is.text()),
            },
            What::Retyped { was, is, delta } => {
                format!("{} → {}   {}", was.text(), is.text(), delta_text(delta))
                    .trim_end()
                    .to_owned()
            }
            What::Changed { was, is } => changed(was, is),
            What::Values { delta: Some(delta), .. } => delta.text(),
            What::Values { form, delta: None } => format!("{}, other bytes", form.text()),
            What::Tie { was, is } => {
                let side = |name: &Option<String>| match name {
                    Some(name) => format!("shares its storage with {name}"),
                    None => "has its own".to_owned(),
                };
                format!("{} → {}", side(was), side(is))
            }
            What::Version { was, is } => format!("{} → {}", version_text(was), version_text(is)),
            What::Trouble { reason } => format!("cannot be compared: {reason}"),
        }
    }
}

/// What has changed of two forms.
fn changed(was: &Form, is: &Form) -> String {
    if let (
        Form::Tensor { dtype, shape, device: from, requires_grad: before },
        Form::Tensor { device: to, requires_grad: after, .. },
    ) = (was, is)
    {
        let mut parts = vec![format!("{dtype} {shape:?}")];
        if from != to {
            parts.push(format!("{from} → {to}"));
        }
        if before != after {
            parts.push(format!("requires_grad {before} → {after}"));
        }
        return parts.join("  ");
    }
    format!("{} → {}", was.text(), is.text())
}

impl Difference {
    pub(super) fn name(&self) -> String {
        // The version of a module is told by the module's name.
        match self.identity.split_once(METADATA) {
            Some((dict, module)) if self.what.is_version() => {
                let module = match path::name_of(module) {
                    module if module.is_empty() => "(root)".to_owned(),
                    module => module,
                };
                match dict {
                    "" => format!("version of {module}"),
                    dict => format!("{}, version of {module}", path::name_of(dict)),
                }
            }
            _ => path::name_of(&self.identity),
        }
    }

    pub(super) fn json(&self) -> Json {
        let delta_json = |delta: &Option<Delta>| delta.as_ref().map(Delta::json);
        let mut object = match &self.what {
            What::Removed { was } => json!({"a": was.json()}),
            What::Added { is } => json!({"b": is.json()}),
            What::Resized { was, is } | What::Changed { was, is } => {
                json!({"a": was.json(), "b": is.json()})
            }
            What::Retyped { was, is, delta } => {
                json!({"a": was.json(), "b": is.json(), "delta": delta_json(delta)})
            }
            What::Values { form, delta } => json!({"a": form.json(), "delta": delta_json(delta)}),
            What::Tie { was, is } => json!({"a": was, "b": is}),
            What::Version { was, is } => json!({"a": was, "b": is}),
            What::Trouble { reason } => json!({"reason": reason}),
        };
        if let Some(object) = object.as_object_mut() {
            object.insert("kind".to_owned(), json!(self.what.kind()));
            object.insert("path".to_owned(), path::json_of(&self.identity));
        }
        object
    }
}
