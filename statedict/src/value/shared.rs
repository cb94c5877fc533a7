//! Values that keep the graph they are of.

use std::fmt;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::tensor::{Storage, StorageError, TensorView};
use crate::value::absent::AbsentStorages;
use crate::value::copy::Copies;
use crate::value::handle::Value;
use crate::value::kind::Kind;
use crate::value::raw::Raw;
use crate::value::store::Graph;

/// A value that keeps the graph it is of: for a value that outlives the document it was read from.
///
/// Two are equal where they are one value, or plain values (numbers, text, bytes, and containers of
/// them, and tensors) with the same content; floats are compared by their bits.
#[derive(Clone)]
pub struct SharedValue {
    graph: Arc<Graph<'static>>,
    raw: Raw,
}

/// So many comparisons are made at most: a small tree of shared containers has very many paths.
const COMPARISONS: usize = 10_000;
const DEPTH: usize = 100;

impl SharedValue {
    /// A value that keeps `graph`, of which it must be.
    pub(crate) fn new(graph: &Arc<Graph<'static>>, value: Value<'_>) -> Self {
        SharedValue { graph: Arc::clone(graph), raw: value.raw() }
    }

    /// A copy of a value. The elements of tensors that borrow something are copied too.
    ///
    /// ```
    /// use statedict::value::{Graph, SharedValue};
    /// use statedict::StateMap;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert_value("_extra_state", SharedValue::of(Graph::of("calibrated").root())?);
    /// assert_eq!(map.value("_extra_state").unwrap().value().as_str(), Some("calibrated"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the elements of a tensor cannot be read.
    pub fn of(value: Value<'_>) -> Result<SharedValue, StorageError> {
        SharedValue::copy(value, Storage::keep)
    }

    /// An equal value that is another object, with other storages.
    pub(crate) fn copied(&self) -> Result<SharedValue, StorageError> {
        SharedValue::copy(self.value(), |_| None)
    }

    /// A copy of a value, with all storages in memory that `keep` does not keep.
    fn copy<'b>(
        value: Value<'b>,
        keep: impl Fn(&Storage<'b>) -> Option<Storage<'static>>,
    ) -> Result<SharedValue, StorageError> {
        let mut graph = Graph::of(());
        let mut copies: HashMap<(usize, u32), Storage<'static>> = HashMap::new();
        let storage = |storage: Storage<'b>| {
            if let Some(known) = copies.get(&storage.identity()) {
                return Ok(known.clone());
            }
            let copy = match keep(&storage) {
                Some(kept) => kept,
                None if storage.location() == "meta" => {
                    Storage::new(Arc::new(AbsentStorages(vec![storage.nbytes()])), 0)
                }
                None => {
                    storage.verify()?;
                    Storage::from_bytes_at(storage.bytes()?.into_owned(), storage.location())
                }
            };
            copies.insert(storage.identity(), copy.clone());
            Ok::<_, StorageError>(copy)
        };
        let (from, id) = (value.graph(), value.value_id());
        let root = graph.copy_with(from, id, &mut Copies::new(), storage)?;
        graph.set_root(root);
        Ok(SharedValue { graph: Arc::new(graph), raw: root.0 })
    }

    /// The value.
    pub fn value(&self) -> Value<'_> {
        Value::new(&self.graph, self.raw)
    }

    /// The tensor that it is, as a lazy view.
    pub fn tensor(&self) -> Option<TensorView<'static>> {
        self.graph.tensor_of(self.value().value_id())
    }

    /// A graph of this value alone.
    pub fn to_graph(&self) -> Graph<'static> {
        self.graph.part(self.value().value_id())
    }

    pub(crate) fn graph(&self) -> &Graph<'static> {
        &self.graph
    }
}

impl PartialEq for SharedValue {
    fn eq(&self, other: &Self) -> bool {
        let mut left = COMPARISONS;
        self.value().same_as(other.value())
            || same_content(self.value(), other.value(), DEPTH, &mut left)
    }
}

impl Eq for SharedValue {}

fn same_content(a: Value<'_>, b: Value<'_>, depth: usize, left: &mut usize) -> bool {
    if depth == 0 || *left == 0 {
        return false;
    }
    *left -= 1;
    match (a.kind(), b.kind()) {
        (Kind::None, Kind::None) => true,
        (Kind::Bool(a), Kind::Bool(b)) => a == b,
        (Kind::Int(a), Kind::Int(b)) => a.to_string() == b.to_string(),
        (Kind::Float(a), Kind::Float(b)) => a.to_bits() == b.to_bits(),
        (Kind::Str(a), Kind::Str(b)) | (Kind::Layout(a), Kind::Layout(b)) => a == b,
        (Kind::Bytes(a), Kind::Bytes(b))
        | (Kind::ByteArray(a), Kind::ByteArray(b))
        | (Kind::Surrogates(a), Kind::Surrogates(b)) => a == b,
        (Kind::DType(a), Kind::DType(b)) => a == b,
        (Kind::Global(a), Kind::Global(b)) => a == b,
        (Kind::Device(a), Kind::Device(b)) => a == b,
        (Kind::List(a), Kind::List(b))
        | (Kind::Tuple(a), Kind::Tuple(b))
        | (Kind::Size(a), Kind::Size(b)) => {
            let mut pairs = a.iter().zip(b.iter());
            a.len() == b.len() && pairs.all(|(a, b)| same_content(a, b, depth - 1, left))
        }
        (Kind::Dict(a), Kind::Dict(b)) if a.kind() == b.kind() && a.len() == b.len() => {
            a.iter().zip(b.iter()).all(|((a_key, a), (b_key, b))| {
                same_content(a_key, b_key, depth - 1, left) && same_content(a, b, depth - 1, left)
            })
        }
        (Kind::Tensor(a), Kind::Tensor(b)) => match (a.view(), b.view()) {
            (Some(a), Some(b)) => same_elements(&a, &b),
            _ => false,
        },
        _ => false,
    }
}

fn same_elements(a: &TensorView<'_>, b: &TensorView<'_>) -> bool {
    let alike = a.dtype() == b.dtype() && a.shape() == b.shape();
    alike && matches!((a.bytes(), b.bytes()), (Ok(a), Ok(b)) if a == b)
}

impl fmt::Debug for SharedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}
