//! What a state dict alone, or a safetensors file, has no place for.

use statedict::value::{Kind, Value};

use crate::path;

/// So many are named to people.
const NAMED: usize = 6;

/// Returns what of the state dict at a place is not kept where only its tensors and versions are.
pub(crate) fn not_kept(root: Value<'_>, at: &[String]) -> Vec<String> {
    let found = path::value_at(root, at);
    let Some(dict) = found.and_then(Value::as_mapping) else { return Vec::new() };
    let mut lost = Vec::new();
    let names = |attributes: Option<Value<'_>>| -> Vec<String> {
        let entries = attributes.and_then(Value::as_dict).into_iter().flat_map(|dict| dict.iter());
        entries.filter_map(|(name, _)| name.as_str().map(str::to_owned)).collect()
    };
    lost.extend(
        names(dict.attributes())
            .iter()
            .filter(|name| *name != "_metadata")
            .map(|name| format!("@{name}")),
    );
    lost.extend(dict.default_factory().map(|_| "@default_factory".to_owned()));
    for (key, value) in dict.iter() {
        let (Some(key), Kind::Tensor(tensor)) = (key.as_str(), value.kind()) else { continue };
        lost.extend(names(tensor.attributes()).iter().map(|name| format!("{key}@{name}")));
        if tensor.is_parameter() {
            lost.push(format!("{key}@parameter"));
        }
    }
    lost
}

/// The first of them for people.
pub(crate) fn listed(lost: &[String]) -> String {
    let named = lost.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match lost.len().checked_sub(NAMED) {
        None | Some(0) => named,
        Some(more) => format!("{named} and {more} more"),
    }
}
