//! Handles to the values of a tree.

use std::fmt;

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};
use crate::value::edit::ValueId;
use crate::value::graph::Graph;
use crate::value::integer::Integer;
use crate::value::numpy::{NumPy, NumPyForm};
use crate::value::parts::{Dict, DictKind, GlobalName, Items, Object, Tensor, TorchDevice};
use crate::value::quantized::Quantized;
use crate::value::raw::{ContainerKind, Raw, StorageRef};
use crate::value::refusal::Refusal;
use crate::value::sparse::Sparse;

/// A handle to one value of a [`Graph`]: cheap to copy.
///
/// [`kind`](Self::kind) gives everything for matching; the `as_…` methods are for the common cases.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = statedict::codec::open("checkpoint.pt", &Default::default())?;
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

/// What a value is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum Kind<'g> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`.
    Int(Integer<'g>),
    /// A `float`.
    Float(f64),
    /// A `complex`.
    Complex {
        /// The real part.
        re: f64,
        /// The imaginary part.
        im: f64,
    },
    /// A `str`.
    Str(&'g str),
    /// A `bytes`.
    Bytes(&'g [u8]),
    /// A `bytearray`.
    ByteArray(&'g [u8]),
    /// A `list`.
    List(Items<'g>),
    /// A `tuple`.
    Tuple(Items<'g>),
    /// A `torch.Size`.
    Size(Items<'g>),
    /// A `set`.
    Set(Items<'g>),
    /// A `frozenset`.
    FrozenSet(Items<'g>),
    /// A `dict`, or one of its kinds: `OrderedDict`, `Counter`, `defaultdict`.
    Dict(Dict<'g>),
    /// A tensor.
    Tensor(Tensor<'g>),
    /// A sparse tensor, as the tensors it is made of.
    Sparse(Sparse<'g>),
    /// A quantized tensor, as integers and what they stand for.
    Quantized(Quantized<'g>),
    /// A scalar, array or dtype of NumPy.
    NumPy(NumPy<'g>),
    /// A storage by itself, with the element type it was saved with; `None` for untyped bytes.
    Storage(StorageValue<'g>),
    /// A `torch.dtype`.
    DType(DType),
    /// A `torch.device`.
    Device(TorchDevice<'g>),
    /// A `torch.layout`, such as `torch.sparse_coo`.
    Layout(&'g str),
    /// A class or function, by its name.
    Global(GlobalName<'g>),
    /// A value of a class that is not known; only with [`ReadOptions::opaque`](crate::codec::ReadOptions).
    Object(Object<'g>),
    /// A tensor that cannot be represented.
    Refused(&'g Refusal),
}

/// A storage by itself in the tree.
#[derive(Debug, Clone, Copy)]
pub struct StorageValue<'g> {
    graph: &'g Graph<'g>,
    storage: StorageRef,
    dtype: Option<DType>,
}

impl<'g> StorageValue<'g> {
    /// The storage.
    pub fn storage(&self) -> Storage<'g> {
        self.graph.storage(self.storage)
    }

    /// The element type it was saved with; `None` for untyped bytes.
    pub fn dtype(&self) -> Option<DType> {
        self.dtype
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

    /// What the value is, with what belongs to it.
    pub fn kind(self) -> Kind<'g> {
        let graph = self.graph;
        let items = |run| Items::new(graph, graph.run(run));
        match self.raw {
            Raw::None => Kind::None,
            Raw::Bool(value) => Kind::Bool(value),
            Raw::Int(value) => Kind::Int(Integer::small(value)),
            Raw::BigInt(text) => Kind::Int(Integer::big(graph.text(text))),
            Raw::Float(value) => Kind::Float(value),
            Raw::Complex(index) => match graph.complex(index) {
                Some((re, im)) => Kind::Complex { re, im },
                None => Kind::None,
            },
            Raw::Str(text) => Kind::Str(graph.str(text)),
            Raw::Bytes(text) => Kind::Bytes(graph.text(text)),
            Raw::ByteArray(text) => Kind::ByteArray(graph.text(text)),
            Raw::Tuple(run) => Kind::Tuple(items(run)),
            Raw::Size(run) => Kind::Size(items(run)),
            Raw::Container(index) => {
                let Some(container) = graph.container(index) else { return Kind::None };
                let dict = |kind| Kind::Dict(Dict::new(graph, index, kind));
                match container.kind {
                    ContainerKind::List => Kind::List(items(container.run)),
                    ContainerKind::Set => Kind::Set(items(container.run)),
                    ContainerKind::FrozenSet => Kind::FrozenSet(items(container.run)),
                    ContainerKind::Dict => dict(DictKind::Dict),
                    ContainerKind::OrderedDict => dict(DictKind::OrderedDict),
                    ContainerKind::Counter => dict(DictKind::Counter),
                    ContainerKind::DefaultDict => dict(DictKind::DefaultDict),
                }
            }
            Raw::Object(index) => Kind::Object(Object::new(graph, index)),
            Raw::Tensor(index) => Kind::Tensor(Tensor::new(graph, index)),
            Raw::Composite(index) => match Sparse::new(graph, index) {
                Some(sparse) => Kind::Sparse(sparse),
                None => Quantized::new(graph, index).map_or(Kind::None, Kind::Quantized),
            },
            Raw::NumPy(index) => NumPy::new(graph, index).map_or(Kind::None, Kind::NumPy),
            Raw::Storage(storage, dtype) => Kind::Storage(StorageValue { graph, storage, dtype }),
            Raw::DType(dtype) => Kind::DType(dtype),
            Raw::Device(index) => Kind::Device(TorchDevice::new(graph, index)),
            Raw::Layout(text) => Kind::Layout(graph.str(text)),
            Raw::Global(index) => Kind::Global(GlobalName::new(graph, index)),
            Raw::Refused(index) => match graph.refusal(index) {
                Some(refusal) => Kind::Refused(refusal),
                None => Kind::None,
            },
        }
    }

    /// The name of the value's type in Python: `"int"`, `"collections.OrderedDict"`, `"torch.Tensor"`.
    pub fn type_name(self) -> String {
        let name = match self.kind() {
            Kind::None => "NoneType",
            Kind::Bool(_) => "bool",
            Kind::Int(_) => "int",
            Kind::Float(_) => "float",
            Kind::Complex { .. } => "complex",
            Kind::Str(_) => "str",
            Kind::Bytes(_) => "bytes",
            Kind::ByteArray(_) => "bytearray",
            Kind::List(_) => "list",
            Kind::Tuple(_) => "tuple",
            Kind::Size(_) => "torch.Size",
            Kind::Set(_) => "set",
            Kind::FrozenSet(_) => "frozenset",
            Kind::Dict(dict) => dict.kind().container().type_name(),
            Kind::Tensor(tensor) if tensor.is_parameter() => "torch.nn.parameter.Parameter",
            Kind::Tensor(_) | Kind::Sparse(_) | Kind::Quantized(_) | Kind::Refused(_) => {
                "torch.Tensor"
            }
            Kind::NumPy(value) => match value.form() {
                NumPyForm::DType => "numpy.dtype",
                NumPyForm::Scalar => return format!("numpy.{}", value.type_name()),
                NumPyForm::Array => "numpy.ndarray",
            },
            Kind::Storage(_) => "torch.storage.UntypedStorage",
            Kind::DType(_) => "torch.dtype",
            Kind::Device(_) => "torch.device",
            Kind::Layout(_) => "torch.layout",
            Kind::Global(_) => "type",
            Kind::Object(object) => match object.class().kind() {
                Kind::Global(name) => return name.to_string(),
                _ => "object",
            },
        };
        name.to_owned()
    }

    /// Whether the value is `None`.
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

    /// The dict.
    pub fn as_dict(self) -> Option<Dict<'g>> {
        match self.kind() {
            Kind::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The elements of a `list`, `tuple`, `torch.Size`, `set` or `frozenset`.
    pub fn as_items(self) -> Option<Items<'g>> {
        match self.kind() {
            Kind::List(items)
            | Kind::Tuple(items)
            | Kind::Size(items)
            | Kind::Set(items)
            | Kind::FrozenSet(items) => Some(items),
            _ => None,
        }
    }

    /// The tensor, as a lazy view.
    pub fn as_tensor(self) -> Option<TensorView<'g>> {
        match self.kind() {
            Kind::Tensor(tensor) => tensor.view(),
            _ => None,
        }
    }

    /// The value under `key` of a dict; linear in the number of keys.
    pub fn get(self, key: &str) -> Option<Value<'g>> {
        self.as_dict()?.get(key)
    }

    /// What tells a value that can contain itself (a list, set, dict or object) from the others of its
    /// graph, as Python's `id()`: for walking a graph without going around in circles.
    pub fn id(self) -> Option<u64> {
        match self.raw {
            Raw::Container(index) => Some(u64::from(index)),
            Raw::Object(index) => Some(1 << 32 | u64::from(index)),
            _ => None,
        }
    }

    /// Whether two handles mean one value: the same list, the same tensor. Of what has no parts (numbers,
    /// `None`), equal values count as the same.
    pub fn same_as(self, other: Value<'_>) -> bool {
        std::ptr::eq(self.graph, other.graph) && self.raw == other.raw
    }
}

impl fmt::Debug for Value<'_> {
    /// One level: what is inside a container is only counted, since it may contain itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Int(value) => write!(f, "{value}"),
            Kind::Float(value) => write!(f, "{value:?}"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Str(value) => write!(f, "{value:?}"),
            Kind::None => f.write_str("None"),
            Kind::DType(dtype) => write!(f, "torch.{dtype}"),
            Kind::Global(name) => write!(f, "<{name}>"),
            _ => match (self.as_items(), self.as_dict()) {
                (Some(items), _) => write!(f, "{} of {}", self.type_name(), items.len()),
                (_, Some(dict)) => write!(f, "{} of {}", self.type_name(), dict.len()),
                _ => f.write_str(&self.type_name()),
            },
        }
    }
}
