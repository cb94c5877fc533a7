//! Every value of a file under every path, without recursion: a file can nest as deep as it is long.

use std::collections::HashSet;

use statedict::TensorView;
use statedict::value::{Dict, Items, Kind, Quantization, Refusal, Tensor, Value};

use crate::failure::Failure;
use crate::inputs::Input;

/// One step of a path.
#[derive(Clone, Copy)]
pub(crate) enum Segment<'g> {
    /// A str key of a dict.
    Key(&'g str),
    /// A place in a list or tuple.
    Index(usize),
    /// Any other key of a dict.
    Other(Value<'g>),
    /// An attribute, or a part of a tensor that is made of several.
    Attribute(&'g str),
}

/// What there is under a path.
pub(crate) enum Found<'g> {
    /// A dense tensor, and the layout of the tensor that it is a part of.
    Tensor(TensorView<'g>, &'g str),
    Refused(&'g Refusal),
    /// A value without parts.
    Leaf(Value<'g>),
    /// A number that is a part of a quantized tensor.
    Float(f64),
    Int(i64),
    /// A container within itself.
    Cycle,
    /// A container, before what is in it.
    Container(Value<'g>),
    /// A state dict, and its `_metadata`.
    Metadata(Value<'g>),
}

/// A value whose parts are being walked.
struct Frame<'g> {
    lists: Vec<Parts<'g>>,
    list: usize,
    next: usize,
    id: Option<u64>,
}

impl<'g> Frame<'g> {
    fn next_part(&mut self) -> Option<(Segment<'g>, Part<'g>)> {
        while let Some(parts) = self.lists.get(self.list) {
            if let Some(part) = parts.get(self.next) {
                self.next += 1;
                return Some(part);
            }
            self.list += 1;
            self.next = 0;
        }
        None
    }
}

enum Parts<'g> {
    Items(Items<'g>),
    Entries(Dict<'g>),
    /// A dict of attributes.
    Attributes(Dict<'g>),
    /// The parts of what is no container of Python's.
    Named(Vec<(&'static str, Part<'g>)>),
}

#[derive(Clone, Copy)]
enum Part<'g> {
    Value(Value<'g>),
    /// `_metadata`, which is told of where the dict is.
    Metadata,
    Dense(Tensor<'g>, &'g str),
    Items(Items<'g>),
    Float(f64),
    Int(i64),
}

impl<'g> Parts<'g> {
    fn get(&self, index: usize) -> Option<(Segment<'g>, Part<'g>)> {
        match self {
            Parts::Items(items) => {
                items.get(index).map(|item| (Segment::Index(index), Part::Value(item)))
            }
            Parts::Entries(dict) => dict.get_index(index).map(|(key, value)| {
                (key.as_str().map_or(Segment::Other(key), Segment::Key), Part::Value(value))
            }),
            Parts::Attributes(dict) => {
                dict.get_index(index).map(|(key, value)| match key.as_str() {
                    Some(METADATA) => (Segment::Attribute(METADATA), Part::Metadata),
                    Some(key) => (Segment::Attribute(key), Part::Value(value)),
                    None => (Segment::Other(key), Part::Value(value)),
                })
            }
            Parts::Named(parts) => {
                parts.get(index).map(|&(name, part)| (Segment::Attribute(name), part))
            }
        }
    }
}

/// The attribute of a state dict that says the modules' versions.
const METADATA: &str = "_metadata";

/// The parts of a value, and whether the value itself is something to tell.
fn parts<'g>(value: Value<'g>) -> (Option<Found<'g>>, Vec<Parts<'g>>) {
    let attributes =
        |value: Option<Value<'g>>| value.and_then(Value::as_dict).map(Parts::Attributes);
    match value.kind() {
        Kind::List(items) | Kind::Tuple(items) | Kind::Size(items) => {
            (Some(Found::Container(value)), vec![Parts::Items(items)])
        }
        Kind::Dict(dict) => {
            let parts = [Parts::Entries(dict)].into_iter().chain(attributes(dict.attributes()));
            let metadata = dict.attributes().and_then(|attributes| attributes.get(METADATA));
            let found = metadata.map_or(Found::Container(value), Found::Metadata);
            (Some(found), parts.collect())
        }
        Kind::Tensor(tensor) => match tensor.view() {
            Some(view) => {
                let parts = attributes(tensor.attributes()).into_iter().collect();
                (Some(Found::Tensor(view, "strided")), parts)
            }
            None => (Some(Found::Leaf(value)), vec![]),
        },
        Kind::Sparse(sparse) => {
            let layout = sparse.layout().trim_start_matches("torch.");
            let parts = sparse.parts().map(|(name, part)| (name, Part::Dense(part, layout)));
            let size = ("size", Part::Items(sparse.size()));
            (Some(Found::Container(value)), vec![Parts::Named(parts.chain([size]).collect())])
        }
        Kind::Quantized(quantized) => {
            let Some(view) = quantized.tensor().view() else {
                return (Some(Found::Leaf(value)), vec![]);
            };
            let named = match quantized.quantization() {
                Quantization::PerTensor { scale, zero_point } => {
                    vec![("scale", Part::Float(scale)), ("zero_point", Part::Int(zero_point))]
                }
                Quantization::PerChannel { scales, zero_points, axis } => vec![
                    ("scales", Part::Dense(scales, "strided")),
                    ("zero_points", Part::Dense(zero_points, "strided")),
                    ("axis", Part::Int(axis)),
                ],
                _ => vec![],
            };
            (Some(Found::Tensor(view, "strided")), vec![Parts::Named(named)])
        }
        Kind::Object(object) => {
            let mut named = Vec::new();
            let mut parts = Vec::new();
            for (name, value) in [
                ("__args__", object.args()),
                ("__kwargs__", object.kwargs()),
                ("__items__", object.items()),
                ("__entries__", object.entries()),
            ] {
                let empty = value.as_items().is_some_and(|items| items.is_empty());
                if !value.is_none() && !empty {
                    named.push((name, Part::Value(value)));
                }
            }
            match object.state().as_dict() {
                Some(state) => parts.push(Parts::Attributes(state)),
                None if object.state().is_none() => {}
                None => named.push(("__state__", Part::Value(object.state()))),
            }
            parts.push(Parts::Named(named));
            (Some(Found::Leaf(value)), parts)
        }
        Kind::Refused(refusal) => (Some(Found::Refused(refusal)), vec![]),
        _ => (Some(Found::Leaf(value)), vec![]),
    }
}

/// Tells `tell` of everything under `root` with its path, in the file's order.
///
/// A container that is used twice comes under each of its paths, so a small file can have very many:
/// `budget` is how many segments all paths may have together.
pub(crate) fn walk<'g>(
    root: Value<'g>,
    (input, budget): (&Input, u64),
    mut tell: impl FnMut(&[Segment<'g>], Found<'g>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut left = budget;
    let mut path: Vec<Segment<'g>> = Vec::new();
    let mut frames: Vec<Frame<'g>> = Vec::new();
    let mut within: HashSet<u64> = HashSet::new();
    let mut part = Part::Value(root);
    loop {
        let cost = u64::try_from(path.len()).unwrap_or(u64::MAX).saturating_add(1);
        left = left.checked_sub(cost).ok_or_else(|| {
            format!("{input}: the values have paths of more than {budget} segments together")
        })?;
        let id = match part {
            Part::Value(value) => value.id(),
            _ => None,
        };
        let is_cycle = id.is_some_and(|id| !within.insert(id));
        let (found, lists) = match part {
            _ if is_cycle => (Some(Found::Cycle), vec![]),
            Part::Value(value) => parts(value),
            Part::Metadata => (None, vec![]),
            Part::Dense(tensor, layout) => {
                (tensor.view().map(|view| Found::Tensor(view, layout)), vec![])
            }
            Part::Items(items) => (None, vec![Parts::Items(items)]),
            Part::Float(value) => (Some(Found::Float(value)), vec![]),
            Part::Int(value) => (Some(Found::Int(value)), vec![]),
        };
        if let Some(found) = found {
            tell(&path, found)?;
        }
        let id = id.filter(|_| !is_cycle);
        frames.push(Frame { lists, list: 0, next: 0, id });
        part = loop {
            let Some(frame) = frames.last_mut() else { return Ok(()) };
            if let Some((segment, part)) = frame.next_part() {
                path.truncate(frames.len() - 1);
                path.push(segment);
                break part;
            }
            if let Some(id) = frame.id {
                within.remove(&id);
            }
            frames.pop();
        };
    }
}
