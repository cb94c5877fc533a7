//! A difference, for people and as JSON.

use serde_json::{Value as Json, json};
use statedict::contents::Step;
use statedict::value::{Kind, Value};

use super::delta::Delta;
use crate::leaf::{self, Texts};
use crate::path;
use crate::walk::{METADATA, tensor};

/// Something in which two files differ.
pub(super) struct Difference<'g> {
    pub(super) steps: Vec<Step<'g>>,
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
    /// Has its entries or attributes in another order.
    Order,
    /// Is one object with another value than in the other file, or shares its storage with another: their names.
    Tie {
        was: Option<String>,
        is: Option<String>,
        of_storage: bool,
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
    Tensor(Box<TensorForm>),
    Leaf(Json),
    Refused(String),
    Container(String),
    Version(Json),
}

/// What is said of a tensor.
pub(super) struct TensorForm {
    kind: String,
    dtype: String,
    shape: Vec<usize>,
    strides: Vec<isize>,
    device: String,
    requires_grad: bool,
    conj: bool,
    neg: bool,
}

impl Form {
    pub(super) fn of(value: Value<'_>, texts: &Texts) -> Self {
        if let Some(tensor) = tensor(value) {
            return Form::Tensor(Box::new(TensorForm {
                kind: match value.kind() {
                    Kind::Quantized(_) => "a quantized torch.Tensor".to_owned(),
                    _ => value.type_name(),
                },
                dtype: tensor.dtype().to_string(),
                shape: tensor.shape().to_vec(),
                strides: tensor.strides().to_vec(),
                device: tensor.location().to_owned(),
                requires_grad: tensor.requires_grad(),
                conj: tensor.is_conj(),
                neg: tensor.is_neg(),
            }));
        }
        match value.kind() {
            Kind::Refused(refusal) => Form::Refused(refusal.to_string()),
            Kind::List(_) | Kind::Tuple(_) | Kind::Size(_) | Kind::Dict(_) => {
                Form::Container(value.type_name())
            }
            Kind::Sparse(sparse) => Form::Container(format!("{} tensor", sparse.layout())),
            _ => Form::Leaf(leaf::leaf(value, texts).0),
        }
    }

    fn text(&self) -> String {
        match self {
            Form::Tensor(tensor) => format!("{} {:?}", tensor.dtype, tensor.shape),
            Form::Leaf(leaf) => leaf_text(leaf),
            Form::Refused(reason) => format!("refused: {reason}"),
            Form::Container(kind) => kind.clone(),
            Form::Version(version) => version_text(version),
        }
    }

    fn json(&self) -> Json {
        match self {
            Form::Tensor(tensor) => json!({
                "kind": "tensor", "type": tensor.kind, "dtype": tensor.dtype, "shape": tensor.shape,
                "stride": tensor.strides, "device": tensor.device, "requires_grad": tensor.requires_grad,
                "conj": tensor.conj, "neg": tensor.neg,
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
    pub(super) const KINDS: [&'static str; 10] = [
        "removed", "added", "resized", "retyped", "changed", "values", "order", "ties", "versions",
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
            What::Order => "order",
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
                (Form::Tensor(a), Form::Tensor(b)) if a.dtype == b.dtype => {
                    format!("{} → {:?}", was.text(), b.shape)
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
            What::Tie { was, is, of_storage } => {
                let (with, without) = match of_storage {
                    true => ("shares its storage with", "has its own"),
                    false => ("is the same as", "is an object of its own"),
                };
                let side = |name: &Option<String>| match name {
                    Some(name) => format!("{with} {name}"),
                    None => without.to_owned(),
                };
                format!("{} → {}", side(was), side(is))
            }
            What::Order => "in another order".to_owned(),
            What::Version { was, is } => format!("{} → {}", version_text(was), version_text(is)),
            What::Trouble { reason } => format!("cannot be compared: {reason}"),
        }
    }
}

/// What has changed of two forms.
fn changed(was: &Form, is: &Form) -> String {
    let (Form::Tensor(a), Form::Tensor(b)) = (was, is) else {
        return format!("{} → {}", was.text(), is.text());
    };
    let mut parts = vec![was.text()];
    for (name, a, b) in [
        ("", a.kind.clone(), b.kind.clone()),
        ("", a.device.clone(), b.device.clone()),
        ("requires_grad ", a.requires_grad.to_string(), b.requires_grad.to_string()),
        ("stride ", format!("{:?}", a.strides), format!("{:?}", b.strides)),
        ("conj ", a.conj.to_string(), b.conj.to_string()),
        ("neg ", a.neg.to_string(), b.neg.to_string()),
    ] {
        if a != b {
            parts.push(format!("{name}{a} → {b}"));
        }
    }
    parts.join("  ")
}

impl Difference<'_> {
    pub(super) fn name(&self, is_flat: bool) -> String {
        // The version of a module is told by the module's name.
        match &*self.steps {
            [dict @ .., Step::Attribute(METADATA), module] if self.what.is_version() => {
                let module = match path::text(module) {
                    Some("") => "(root)".to_owned(),
                    _ => path::name(std::slice::from_ref(module), true),
                };
                match dict {
                    [] => format!("version of {module}"),
                    dict => format!("{}, version of {module}", path::name(dict, is_flat)),
                }
            }
            steps => path::name(steps, is_flat),
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
            What::Order => json!({}),
            What::Tie { was, is, .. } => json!({"a": was, "b": is}),
            What::Version { was, is } => json!({"a": was, "b": is}),
            What::Trouble { reason } => json!({"reason": reason}),
        };
        if let Some(object) = object.as_object_mut() {
            object.insert("kind".to_owned(), json!(self.what.kind()));
            object.insert("path".to_owned(), path::json(&self.steps));
        }
        object
    }
}
