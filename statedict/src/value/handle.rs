//! The handle to a value of a graph, and what it is where it has no parts.

use crate::value::id::ValueId;
use crate::value::raw::{Global, Raw, StorageRef, Text};
use crate::value::store::Graph;

/// A handle to one value of a [`Graph`]: cheap to copy.
///
/// [`kind`](Self::kind) gives everything for matching; the `as_…` methods are for the common cases.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = statedict::codec::Document::open_with("checkpoint.pt", &Default::default())?;
/// let root = document.root();
/// let epoch = root.get("epoch").and_then(|epoch| epoch.as_i64());
/// let weight = root.get("model").and_then(|model| model.get("fc.weight"));
/// if let Some(weight) = weight.and_then(|weight| weight.as_tensor()) {
///     println!("{epoch:?}: {:?}", weight.to_vec::<f32>()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Value<'g> {
    graph: &'g Graph<'g>,
    raw: Raw,
}

impl<'a> Graph<'a> {
    /// The value that the file holds.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, self.root_raw())
    }

    /// The value that is meant.
    pub fn get(&self, id: ValueId) -> Value<'_> {
        Value::new(self, id.0)
    }
}

impl<'g> Value<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, raw: Raw) -> Self {
        Value { graph, raw }
    }

    pub(crate) fn graph(self) -> &'g Graph<'g> {
        self.graph
    }

    pub(crate) fn raw(self) -> Raw {
        self.raw
    }

    /// Which value this is, for changing it or putting it somewhere.
    pub fn value_id(self) -> ValueId {
        ValueId(self.raw)
    }

    /// Returns `true` for `None`.
    pub fn is_none(self) -> bool {
        self.raw == Raw::None
    }

    /// The value of a `bool`.
    pub fn as_bool(self) -> Option<bool> {
        match self.raw {
            Raw::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of an `int` that fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.raw {
            Raw::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a `float`.
    pub fn as_f64(self) -> Option<f64> {
        match self.raw {
            Raw::Float(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is the str `text`.
    pub(crate) fn is_str(self, text: &str) -> bool {
        matches!(self.raw, Raw::Str(found) if self.graph.text(found) == text.as_bytes())
    }

    /// The text of a `str`.
    pub fn as_str(self) -> Option<&'g str> {
        match self.raw {
            Raw::Str(text) => Some(self.graph.str(text)),
            _ => None,
        }
    }

    /// The content of a `bytes` or `bytearray`.
    pub fn as_bytes(self) -> Option<&'g [u8]> {
        match self.raw {
            Raw::Bytes(text) | Raw::ByteArray(text) => Some(self.graph.text(text)),
            _ => None,
        }
    }

    /// About how many bytes there are to tell of the value without its parts: the text of a `str`, the name of a
    /// class, the sizes of a tensor. It is known without looking at them, which a file may have once and use
    /// very often.
    pub fn text_len(self) -> usize {
        let of = |texts: &[Text]| texts.iter().map(|text| text.len as usize).sum();
        let graph = self.graph;
        let value = |raw| Value::new(graph, raw);
        match self.raw {
            Raw::Str(text)
            | Raw::Surrogates(text)
            | Raw::Bytes(text)
            | Raw::ByteArray(text)
            | Raw::BigInt(text)
            | Raw::Layout(text) => of(&[text]),
            Raw::Global(index) => {
                graph.global_name(index).map_or(0, |Global { module, name }| of(&[module, name]))
            }
            Raw::Device(index) => graph.device(index).map_or(0, |device| of(&[device.kind])),
            Raw::Object(index) => match graph.object(index).map(|object| object.class) {
                Some(class @ Raw::Global(_)) => value(class).text_len(),
                _ => 0,
            },
            Raw::NumPy(index) => graph.numpy(index).map_or(0, |found| {
                let sizes = value(found.shape).as_items().map_or(0, |sizes| sizes.len());
                let data = value(found.data);
                let data = if data.as_items().is_some() { 0 } else { data.text_len() };
                of(&[found.code, found.order]) + data + sizes.saturating_mul(8)
            }),
            Raw::Tensor(index) => graph.tensor(index).map_or(0, |node| {
                let place = graph.storage(node.storage).location().len();
                (node.rank as usize).saturating_mul(8).saturating_add(place)
            }),
            Raw::Storage(storage, _) => graph.storage(storage).location().len(),
            _ => 0,
        }
    }

    /// Returns `true` if it is a `str`, whose text is not looked at.
    pub(crate) fn is_plain_str(self) -> bool {
        matches!(self.raw, Raw::Str(_))
    }

    /// A number that tells a value that can contain itself (a list, set, dict or object) from the others of its
    /// graph, as Python's `id()`: for walking a graph without going around in circles.
    pub fn id(self) -> Option<u64> {
        match self.raw {
            Raw::Container(index) => Some(u64::from(index)),
            Raw::Object(index) => Some(1 << 32 | u64::from(index)),
            _ => None,
        }
    }

    /// A number that tells a value from the others of its graph as long as it is one of those that have parts, or that can
    /// be large: [`id`](Self::id) and tensors, arrays, storages, bytearrays and tuples that are not empty.
    pub fn identity(self) -> Option<u64> {
        let (kind, index) = match self.raw {
            Raw::Container(index) => (0, index),
            Raw::Object(index) => (1, index),
            Raw::Tensor(index) => (2, index),
            Raw::Composite(index) => (3, index),
            Raw::NumPy(index) => (4, index),
            Raw::Storage(StorageRef::File(index), _) => (5, index),
            Raw::Storage(StorageRef::Absent(index), _) => (8, index),
            Raw::Storage(StorageRef::Inserted(index), _) => (9, index),
            Raw::Tuple(run) if run.len > 0 => (6, run.start),
            Raw::Size(run) if run.len > 0 => (7, run.start),
            Raw::ByteArray(text) => (10, text.start),
            _ => return None,
        };
        Some(kind << 32 | u64::from(index))
    }

    /// The container or object with this [`identity`](Self::identity).
    pub(crate) fn with_identity(graph: &'g Graph<'g>, identity: u64) -> Option<Self> {
        let index = u32::try_from(identity & u64::from(u32::MAX)).ok()?;
        match identity >> 32 {
            0 => Some(Value::new(graph, Raw::Container(index))),
            1 => Some(Value::new(graph, Raw::Object(index))),
            _ => None,
        }
    }

    /// Returns `true` if two handles mean one value: the same list, the same tensor. Of what has no parts (numbers,
    /// `None`), equal values count as the same.
    pub fn same_as(self, other: Value<'_>) -> bool {
        std::ptr::eq(self.graph, other.graph) && self.raw == other.raw
    }
}
