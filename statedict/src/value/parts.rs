//! What values with parts give access to.

use std::fmt;

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};
use crate::value::handle::Value;
use crate::value::id::ValueId;
use crate::value::python_name::modern;
use crate::value::raw::{ContainerKind, Raw, StorageRef, TensorNode};
use crate::value::store::{Graph, KEPT};

/// The elements of a list, tuple or set, in order.
#[derive(Clone, Copy)]
pub struct Items<'g> {
    graph: &'g Graph<'g>,
    values: &'g [Raw],
}

impl<'g> Items<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, values: &'g [Raw]) -> Self {
        Items { graph, values }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Value<'g>> {
        self.values.get(index).map(|&raw| Value::new(self.graph, raw))
    }

    /// The elements in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Value<'g>> + use<'g> {
        let graph = self.graph;
        self.values.iter().map(move |&raw| Value::new(graph, raw))
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Which kind of dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DictKind {
    /// `dict`.
    Dict,
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `collections.Counter`.
    Counter,
    /// `collections.defaultdict`.
    DefaultDict,
}

impl DictKind {
    pub(super) fn container(self) -> ContainerKind {
        match self {
            DictKind::Dict => ContainerKind::Dict,
            DictKind::OrderedDict => ContainerKind::OrderedDict,
            DictKind::Counter => ContainerKind::Counter,
            DictKind::DefaultDict => ContainerKind::DefaultDict,
        }
    }
}

/// A dict: keys of any type with their values, in order.
///
/// The entries are those the file has. A file made by Python never has one key twice, nor keys that Python takes for
/// equal, such as `1`, `1.0` and `True`; of one that does, all entries are here, and [`get`](Self::get) finds the last
/// with such a text, as Python would. Of a set too all members are there.
#[derive(Clone, Copy)]
pub struct Dict<'g> {
    graph: &'g Graph<'g>,
    index: u32,
    kind: DictKind,
    entries: &'g [Raw],
    /// The attributes of the object whose entries these are.
    attributes: Option<Raw>,
}

impl<'g> Dict<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32, kind: DictKind) -> Self {
        let run = graph.container(index).expect(KEPT).run;
        Dict { graph, index, kind, entries: graph.run(run), attributes: None }
    }

    /// Says which attributes the object has whose entries these are.
    pub(crate) fn with_attributes(self, attributes: Value<'g>) -> Self {
        Dict { attributes: Some(attributes.raw()), ..self }
    }

    /// Returns the index of the container.
    pub(super) fn index(&self) -> u32 {
        self.index
    }

    /// Returns the value that is to be changed to change the entries.
    pub(crate) fn value_id(&self) -> ValueId {
        ValueId(Raw::Container(self.index))
    }

    /// Which kind of dict it is.
    pub fn kind(&self) -> DictKind {
        self.kind
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len() / 2
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Value<'g>, Value<'g>)> + use<'g> {
        let graph = self.graph;
        let (pairs, _) = self.entries.as_chunks::<2>();
        pairs.iter().map(move |&[key, value]| (Value::new(graph, key), Value::new(graph, value)))
    }

    /// The entry at `index`, counted in order.
    pub fn get_index(&self, index: usize) -> Option<(Value<'g>, Value<'g>)> {
        let (pairs, _) = self.entries.as_chunks::<2>();
        let &[key, value] = pairs.get(index)?;
        Some((Value::new(self.graph, key), Value::new(self.graph, value)))
    }

    /// The value under the str `key`, or under what Python takes for it ([`Value::text`]); linear in the number of
    /// entries.
    pub fn get(&self, key: &str) -> Option<Value<'g>> {
        let position = self.position(|known| known.is_text(key))?;
        self.get_index(position).map(|(_, value)| value)
    }

    /// The last entry with such a key.
    pub(crate) fn position(&self, wanted: impl Fn(Value<'g>) -> bool) -> Option<usize> {
        let (pairs, _) = self.entries.as_chunks::<2>();
        pairs.iter().rposition(|&[key, _]| wanted(Value::new(self.graph, key)))
    }

    /// The attributes of the dict object, as PyTorch puts `_metadata` on a state dict; a dict, or `None`.
    pub fn attributes(&self) -> Option<Value<'g>> {
        let attributes = match self.attributes {
            Some(attributes) => attributes,
            None => self.graph.extra(self.index)?.attributes,
        };
        (attributes != Raw::None).then(|| Value::new(self.graph, attributes))
    }

    /// Returns the factory of a `defaultdict`'s new values.
    pub fn default_factory(&self) -> Option<Value<'g>> {
        let factory = self.graph.extra(self.index)?.factory;
        (factory != Raw::None).then(|| Value::new(self.graph, factory))
    }
}

impl fmt::Debug for Dict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A tensor of the tree.
#[derive(Clone, Copy)]
pub struct Tensor<'g> {
    graph: &'g Graph<'g>,
    index: u32,
    node: Option<TensorNode>,
}

impl<'g> Tensor<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Self {
        Tensor { graph, index, node: graph.tensor(index) }
    }

    /// The tensor as a lazy view. Views of one storage know that they share it.
    pub fn view(&self) -> Option<TensorView<'g>> {
        self.graph.view(self.node?)
    }

    /// The element type.
    pub fn dtype(&self) -> Option<DType> {
        self.node.map(|node| node.dtype)
    }

    /// Returns `true` if it is a `torch.nn.Parameter`.
    pub fn is_parameter(&self) -> bool {
        self.node.is_some_and(|node| node.flags.parameter)
    }

    /// The Python attributes it carries, usually a dict; rarely any.
    pub fn attributes(&self) -> Option<Value<'g>> {
        self.graph.tensor_attributes(self.index).map(|raw| Value::new(self.graph, raw))
    }
}

impl fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.view(), f)
    }
}

/// A `torch.device`: `cuda:1` is kind `cuda`, index 1. [`Display`](fmt::Display) is PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TorchDevice<'g> {
    kind: &'g str,
    index: Option<i64>,
}

impl<'g> TorchDevice<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Self {
        let device = graph.device(index).expect(KEPT);
        TorchDevice { kind: graph.str(device.kind), index: device.index }
    }

    /// The kind of device: `"cpu"`, `"cuda"`.
    pub fn kind(&self) -> &'g str {
        self.kind
    }

    /// Which of that kind, where it says.
    pub fn index(&self) -> Option<i64> {
        self.index
    }
}

impl fmt::Display for TorchDevice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        self.index.map_or(Ok(()), |index| write!(f, ":{index}"))
    }
}

/// The name of a class or function. Nothing is ever imported or called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalName<'g> {
    module: &'g str,
    name: &'g str,
}

impl<'g> GlobalName<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Self {
        let global = graph.global_name(index).expect(KEPT);
        let (module, name) = modern(graph.str(global.module), graph.str(global.name));
        GlobalName { module, name }
    }

    /// Returns the module as Python 3 calls it: `builtins` where a file says `__builtin__`.
    pub fn module(&self) -> &'g str {
        self.module
    }

    /// The name within the module.
    pub fn name(&self) -> &'g str {
        self.name
    }
}

impl fmt::Display for GlobalName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// A value of a class that is not known: what the file says of it.
#[derive(Clone, Copy)]
pub struct Object<'g> {
    graph: &'g Graph<'g>,
    index: u32,
}

impl<'g> Object<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, index: u32) -> Self {
        Object { graph, index }
    }

    fn part(&self, part: impl Fn(crate::value::raw::Object) -> Raw) -> Value<'g> {
        Value::new(self.graph, part(self.graph.object(self.index).expect(KEPT)))
    }

    /// The class or function it is made with.
    pub fn class(&self) -> Value<'g> {
        self.part(|object| object.class)
    }

    /// The arguments it is made with: a tuple.
    pub fn args(&self) -> Value<'g> {
        self.part(|object| object.args)
    }

    /// The arguments it is made with by name: a dict, or `None`.
    pub fn kwargs(&self) -> Value<'g> {
        self.part(|object| object.kwargs)
    }

    /// The state it is given, usually a dict of attributes; or `None`.
    pub fn state(&self) -> Value<'g> {
        self.part(|object| object.state)
    }

    /// Returns `true` if it is made with `__new__` of its class rather than by a call.
    pub(crate) fn is_new(&self) -> bool {
        self.graph.object(self.index).is_some_and(|object| object.new)
    }

    /// Returns the items that are appended to it: a list, or `None`.
    pub fn items(&self) -> Value<'g> {
        self.part(|object| object.items)
    }

    /// Returns the entries that are set in it by key: a dict, or `None`.
    pub fn entries(&self) -> Value<'g> {
        self.part(|object| object.entries)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("class", &self.class()).finish_non_exhaustive()
    }
}

/// A storage by itself.
#[derive(Debug, Clone, Copy)]
pub struct StorageValue<'g> {
    graph: &'g Graph<'g>,
    storage: StorageRef,
    dtype: Option<DType>,
}

impl<'g> StorageValue<'g> {
    pub(crate) fn new(graph: &'g Graph<'g>, storage: StorageRef, dtype: Option<DType>) -> Self {
        StorageValue { graph, storage, dtype }
    }

    /// The storage.
    pub fn storage(&self) -> Storage<'g> {
        self.graph.storage(self.storage)
    }

    /// The element type it was saved with; `None` for untyped bytes.
    pub fn dtype(&self) -> Option<DType> {
        self.dtype
    }
}
