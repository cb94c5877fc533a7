//! What values are, with what belongs to them.

use std::fmt;

use crate::dtype::DType;
use crate::tensor::TensorView;
use crate::value::handle::Value;
use crate::value::integer::Integer;
use crate::value::numpy::{NumPy, NumPyForm};
use crate::value::parts::{
    Dict, DictKind, GlobalName, Items, Object, StorageValue, Tensor, TorchDevice,
};
use crate::value::quantized::Quantized;
use crate::value::raw::{Composite, ContainerKind, Raw};
use crate::value::refusal::Refusal;
use crate::value::sparse::Sparse;
use crate::value::store::{Graph, KEPT};
use crate::value::text::quoted;

/// The kind of a value.
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
    /// A `str` with lone surrogates, which no Rust text can hold: as Python's `surrogatepass` encodes it, UTF-8 with
    /// three bytes for each surrogate.
    Surrogates(&'g [u8]),
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

/// The class of what is an `nn.Parameter`.
const PARAMETER: &str = "torch.nn.parameter.Parameter";

impl<'g> Value<'g> {
    /// Returns the kind of the value, with what belongs to it.
    pub fn kind(self) -> Kind<'g> {
        let graph = self.graph();
        let items = |run| Items::new(graph, graph.run(run));
        match self.raw() {
            Raw::None => Kind::None,
            Raw::Bool(value) => Kind::Bool(value),
            Raw::Int(value) => Kind::Int(Integer::small(value)),
            Raw::BigInt(text) => Kind::Int(Integer::big(graph.text(text))),
            Raw::Float(value) => Kind::Float(value),
            Raw::Complex(index) => {
                let (re, im) = graph.complex(index).expect(KEPT);
                Kind::Complex { re, im }
            }
            Raw::Str(text) => Kind::Str(graph.str(text)),
            Raw::Surrogates(text) => Kind::Surrogates(graph.text(text)),
            Raw::Bytes(text) => Kind::Bytes(graph.text(text)),
            Raw::ByteArray(text) => Kind::ByteArray(graph.text(text)),
            Raw::Tuple(run) => Kind::Tuple(items(run)),
            Raw::Size(run) => Kind::Size(items(run)),
            Raw::Container(index) => {
                let container = graph.container(index).expect(KEPT);
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
            Raw::Composite(index) => match graph.composite(index).expect(KEPT) {
                Composite::Sparse { .. } => Kind::Sparse(Sparse::new(graph, index).expect(KEPT)),
                Composite::Quantized { .. } => {
                    Kind::Quantized(Quantized::new(graph, index).expect(KEPT))
                }
            },
            Raw::NumPy(index) => Kind::NumPy(NumPy::new(graph, index).expect(KEPT)),
            Raw::Storage(storage, dtype) => Kind::Storage(StorageValue::new(graph, storage, dtype)),
            Raw::DType(dtype) => Kind::DType(dtype),
            Raw::Device(index) => Kind::Device(TorchDevice::new(graph, index)),
            Raw::Layout(text) => Kind::Layout(graph.str(text)),
            Raw::Global(index) => Kind::Global(GlobalName::new(graph, index)),
            Raw::Refused(index) => Kind::Refused(graph.refusal(index).expect(KEPT)),
        }
    }

    /// The name of the value's type in Python: `"int"`, `"collections.OrderedDict"`, `"torch.Tensor"`.
    pub fn type_name(self) -> String {
        if self.is_plain_str() {
            // Its text need not be looked at.
            return "str".to_owned();
        }
        let name = match self.kind() {
            Kind::None => "NoneType",
            Kind::Bool(_) => "bool",
            Kind::Int(_) => "int",
            Kind::Float(_) => "float",
            Kind::Complex { .. } => "complex",
            Kind::Str(_) | Kind::Surrogates(_) => "str",
            Kind::Bytes(_) => "bytes",
            Kind::ByteArray(_) => "bytearray",
            Kind::List(_) => "list",
            Kind::Tuple(_) => "tuple",
            Kind::Size(_) => "torch.Size",
            Kind::Set(_) => "set",
            Kind::FrozenSet(_) => "frozenset",
            Kind::Dict(dict) => dict.kind().container().type_name(),
            Kind::Tensor(tensor) if tensor.is_parameter() => PARAMETER,
            Kind::Sparse(sparse) if sparse.is_parameter() => PARAMETER,
            Kind::Quantized(quantized) if quantized.is_parameter() => PARAMETER,
            Kind::Tensor(_) | Kind::Sparse(_) | Kind::Quantized(_) | Kind::Refused(_) => {
                "torch.Tensor"
            }
            Kind::NumPy(value) => match value.form() {
                NumPyForm::DType => "numpy.dtype",
                NumPyForm::Scalar => return format!("numpy.{}", value.type_name()),
                NumPyForm::Array => "numpy.ndarray",
            },
            Kind::Storage(storage) if storage.dtype().is_some() => "torch.storage.TypedStorage",
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

    /// The value under `key` of a [mapping](Self::as_mapping); linear in the number of keys.
    pub fn get(self, key: &str) -> Option<Value<'g>> {
        self.as_mapping()?.get(key)
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
            Kind::Surrogates(value) => f.write_str(&quoted(value)),
            Kind::None => f.write_str("None"),
            Kind::DType(dtype) => write!(f, "torch.{dtype}"),
            Kind::Global(name) => write!(f, "<{name}>"),
            _ => match (self.as_items(), self.as_mapping()) {
                (Some(items), _) => write!(f, "{} of {}", self.type_name(), items.len()),
                (_, Some(dict)) => write!(f, "{} of {}", self.type_name(), dict.len()),
                _ => match self.text() {
                    Some(text) => write!(f, "{} {text:?}", self.type_name()),
                    None => f.write_str(&self.type_name()),
                },
            },
        }
    }
}

impl fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("root", &self.root())
            .field("containers", &self.containers.len())
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}
