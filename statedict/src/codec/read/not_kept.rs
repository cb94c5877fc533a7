//! Notes what of a state dict a map of its tensors has no place for.

use crate::not_kept::{NotKept, NotKeptItem};
use crate::value::{Dict, DictKind, Kind, Tensor, Value};

/// Notes the attributes of a tensor, and that it is a parameter.
pub(super) fn of_tensor(found: &mut NotKept, key: &str, tensor: Tensor<'_>) {
    if let Some(attributes) = tensor.attributes() {
        of_attributes(found, key, attributes, &[]);
    }
    if tensor.is_parameter() {
        found.add(key.len(), || NotKeptItem::Parameter { key: key.to_owned() });
    }
}

/// Notes the class and the attributes of a dict.
pub(super) fn of_dict(found: &mut NotKept, key: &str, value: Value<'_>, dict: Dict<'_>) {
    let own = matches!(value.kind(), Kind::Dict(_));
    if !own || matches!(dict.kind(), DictKind::Counter | DictKind::DefaultDict) {
        found.add(key.len(), || NotKeptItem::Class { key: key.to_owned() });
    }
    if let Some(attributes) = dict.attributes() {
        // A `UserDict` has its entries in an attribute.
        of_attributes(
            found,
            key,
            attributes,
            if own { &["_metadata"] } else { &["_metadata", "data"] },
        );
    }
}

/// Notes that a key is not a plain `str`.
pub(super) fn of_key(found: &mut NotKept, name: &str, key: Value<'_>) {
    if key.as_str().is_none() {
        found.add(name.len(), || NotKeptItem::KeyClass { key: name.to_owned() });
    }
}

/// Notes that an array becomes a tensor.
pub(super) fn of_array(found: &mut NotKept, key: &str) {
    found.add(key.len(), || NotKeptItem::Array { key: key.to_owned() });
}

fn of_attributes(found: &mut NotKept, key: &str, attributes: Value<'_>, kept: &[&str]) {
    let note = |found: &mut NotKept, name: &str| {
        let (key, name) = (key.to_owned(), name.to_owned());
        found.add(key.len().saturating_add(name.len()), || NotKeptItem::Attribute { key, name });
    };
    let Some(dict) = attributes.as_dict() else {
        // What `__setstate__` takes.
        return if !attributes.is_none() {
            note(found, "__dict__")
        };
    };
    for (place, (name, _)) in dict.iter().enumerate() {
        if found.is_full() {
            // One dict can be the attributes of very many tensors: the rest of it is not looked at.
            return found.count(dict.len() - place);
        }
        match name.as_str() {
            Some(name) if kept.contains(&name) => {}
            name => note(found, name.unwrap_or("?")),
        }
    }
}
