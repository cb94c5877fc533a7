//! The state dict of a file, changed where it is: what no step touches stays as it was.

use std::collections::HashMap;

use statedict::contents::{Contents, Found};
use statedict::state_map::Metadata;
use statedict::value::{DictKind, Graph, Kind, Value, ValueId};
use statedict::{StateMap, TensorView};

use crate::failure::Failure;

/// The entry of the file that a key comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The entry itself, perhaps under another name.
    Same(String),
    /// A tensor made of it.
    Changed(String),
    /// A tensor made of a part of it, or of it and others.
    Part(String),
}

/// The other paths under which a dict is in the file.
pub(super) fn other_paths(root: Value<'_>, dict: Value<'_>) -> Result<Vec<String>, Failure> {
    let mut contents = Contents::of(root);
    let (mut first, mut others) = (None, Vec::new());
    while let Some(found) = contents.advance()? {
        match found {
            Found::Value(value) if value.same_as(dict) => first = Some(contents.path()),
            Found::Same(value) if value.same_as(dict) => others.push(contents.path().to_string()),
            _ => {}
        }
    }
    others.extend(first.filter(|_| !others.is_empty()).map(|path| path.to_string()));
    Ok(others)
}

/// The dict that was made, and the losses.
pub(super) struct Edited {
    pub(super) dict: ValueId,
    pub(super) lost: Vec<String>,
}

/// Gives a dict of the graph the entries and versions of `map`. It is another one only where it could not hold versions.
pub(super) fn edit(
    graph: &mut Graph<'static>,
    dict: ValueId,
    (before, map): (Option<&Metadata>, &StateMap<'static>),
    origins: &HashMap<String, Origin>,
) -> Result<Edited, Failure> {
    let mut lost = Vec::new();
    let entries = graph.get(dict).as_mapping().into_iter().flat_map(|dict| dict.iter());
    let old: HashMap<String, (ValueId, ValueId)> = entries
        .filter_map(|(key, value)| {
            Some((key.as_str()?.to_owned(), (key.value_id(), value.value_id())))
        })
        .collect();
    let mut made: HashMap<u64, ValueId> = HashMap::new();
    let mut entries = Vec::with_capacity(map.len() + map.values().len());
    for name in names(map) {
        let origin = origins.get(name);
        let (from, kept) = match origin {
            Some(Origin::Same(from)) => (Some(from), true),
            Some(Origin::Changed(from) | Origin::Part(from)) => (Some(from), false),
            None => (None, false),
        };
        let was = from.and_then(|from| old.get(from).copied());
        let key = match was.filter(|_| from.is_some_and(|from| from == name)) {
            Some((key, _)) => key,
            None => graph.key(name),
        };
        let value = match (was, map.get(name)) {
            (Some((_, value)), _) if kept => value,
            (_, None) => return Err(format!("{name} is no tensor, and comes from nowhere").into()),
            (None, Some(view)) => graph.add(view.clone()),
            (Some((_, value)), Some(view)) => {
                let is_part = matches!(origin, Some(Origin::Part(_)));
                let identity = graph.get(value).identity().filter(|_| !is_part);
                match identity.and_then(|identity| made.get(&identity)) {
                    Some(&known) => known,
                    None => {
                        let new = changed(graph, value, view, !is_part);
                        if is_part && has_attributes(graph.get(value)) {
                            lost.push(format!(
                                "the attributes of the tensor that `{name}` is made of"
                            ));
                        }
                        made.extend(identity.map(|identity| (identity, new)));
                        new
                    }
                }
            }
        };
        entries.push((key, value));
    }
    graph.retain_entries(dict, |_| false)?;
    let mut target = dict;
    if before != map.metadata() {
        let mut versions = StateMap::new();
        *versions.metadata_mut() = map.metadata().cloned();
        let holder = graph.state_map(&versions);
        let modules = attributes(graph, holder).and_then(|of| graph.find(of, "_metadata"));
        if let (Some(known), Some(modules)) = (attributes(graph, dict), modules) {
            graph.put(known, "_metadata", modules)?;
        } else if let Some(modules) = modules {
            let new = graph.dict();
            graph.put(new, "_metadata", modules)?;
            if graph.set_attributes(dict, new).is_err() {
                target = graph.dict_of(DictKind::OrderedDict);
                graph.set_attributes(target, new)?;
            }
        }
    }
    for (key, value) in entries {
        graph.push_entry(target, key, value)?;
    }
    Ok(Edited { dict: target, lost })
}

/// The keys in order, of tensors and of other values.
fn names<'m>(map: &'m StateMap<'_>) -> Vec<&'m str> {
    let mut values = map.values().map(|(key, _)| key).peekable();
    let mut names = Vec::with_capacity(map.len() + map.values().len());
    for (index, key) in map.keys().enumerate() {
        let is_before = |value: &&str| map.value_position(value).is_some_and(|at| at <= index);
        while let Some(value) = values.next_if(is_before) {
            names.push(value);
        }
        names.push(key);
    }
    names.extend(values);
    names
}

/// The dict of the attributes of a dict.
fn attributes(graph: &Graph<'_>, dict: ValueId) -> Option<ValueId> {
    Some(graph.get(dict).as_dict()?.attributes()?.value_id())
}

fn has_attributes(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::Tensor(tensor) if tensor.attributes().is_some())
}

/// Adds a tensor that is made of another one: a parameter if that was one, with its attributes where it is the whole.
fn changed(
    graph: &mut Graph<'static>,
    was: ValueId,
    view: &TensorView<'static>,
    is_whole: bool,
) -> ValueId {
    let (is_parameter, attributes) = match graph.get(was).kind() {
        Kind::Tensor(tensor) => (tensor.is_parameter(), tensor.attributes().map(Value::value_id)),
        _ => (false, None),
    };
    let can_require = view.dtype().is_floating_point() || view.dtype().is_complex();
    let view = view.clone().with_requires_grad(view.requires_grad() && can_require);
    let new = if is_parameter { graph.parameter(view) } else { graph.add(view) };
    if let Some(attributes) = attributes.filter(|_| is_whole) {
        // What was a tensor is one.
        let _ = graph.set_attributes(new, attributes);
    }
    new
}
