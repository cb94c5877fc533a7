//! A value of a checkpoint, whether it is of a file or was built.

use std::borrow::Cow;

use crate::checkpoint::scalar;
use crate::contents::Segment;
use crate::tensor::TensorView;
use crate::value::{Dict, Integer, Kind, Node, NodeId, Tree, Value};

/// A value of a checkpoint.
#[derive(Clone, Copy)]
pub(super) enum Part<'c, 'a> {
    File(Value<'c>),
    Built(&'c Tree<'a>, NodeId),
}

/// What a value is, as far as a checkpoint must know.
pub(super) enum Shape<'c, 'a> {
    None,
    Bool(bool),
    Int(Integer<'c>),
    Float(f64),
    Complex(f64, f64),
    Str(&'c str),
    Bytes(&'c [u8]),
    /// A list, tuple, size or set.
    Items(Items<'c, 'a>),
    Dict(Entries<'c, 'a>),
    Tensor,
    /// A tensor that no view can show: what it is.
    OddTensor(&'static str),
    /// A dtype, device or layout, as Python's `str` of it.
    Name(String),
    /// An object of a class that is not known, with the dict of its attributes, if it has one.
    Object(Option<Entries<'c, 'a>>),
    /// A class, function or storage.
    Other,
}

/// The items of a list or of what is like one.
#[derive(Clone, Copy)]
pub(super) enum Items<'c, 'a> {
    File(crate::value::Items<'c>),
    Built(&'c Tree<'a>, &'c [NodeId]),
}

/// The entries of a dict.
#[derive(Clone, Copy)]
pub(super) enum Entries<'c, 'a> {
    File(Dict<'c>),
    Built(&'c Tree<'a>, &'c [(NodeId, NodeId)], Option<NodeId>),
}

impl<'c, 'a> Part<'c, 'a> {
    pub(super) fn shape(self) -> Shape<'c, 'a> {
        match self {
            Part::File(value) => of_value(value),
            Part::Built(tree, id) => tree.get(id).map_or(Shape::None, |node| of_node(tree, node)),
        }
    }

    /// The name of the value's type in Python.
    pub(super) fn type_name(self) -> Cow<'static, str> {
        match self {
            Part::File(value) => value.type_name().into(),
            Part::Built(tree, id) => {
                tree.get(id).map_or("NoneType".into(), |node| name_of_node(tree, node))
            }
        }
    }

    /// What messages say of it: an int, a list.
    pub(super) fn described(self) -> String {
        match &*self.type_name() {
            "NoneType" => "None".to_owned(),
            name if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
            name => format!("a {name}"),
        }
    }

    /// About how much there is of what it is a part of: the size of the pickle, or the number of values.
    #[cfg(feature = "serde")]
    pub(super) fn size(self) -> usize {
        match self {
            Part::File(value) => value.graph().source_len(),
            Part::Built(tree, _) => tree.len(),
        }
    }

    /// The tensor, as a lazy view.
    pub(super) fn tensor(self) -> Option<TensorView<'a>> {
        match self {
            Part::File(value) => value.as_tensor(),
            Part::Built(tree, id) => match tree.get(id)? {
                Node::Tensor(tensor) => Some(tensor.view.clone()),
                _ => None,
            },
        }
    }

    pub(super) fn str(self) -> Option<&'c str> {
        match self {
            Part::File(value) => value.as_str(),
            Part::Built(tree, id) => match tree.get(id)? {
                Node::Str(text) => Some(text),
                _ => None,
            },
        }
    }

    pub(super) fn int(self) -> Option<i64> {
        match self {
            Part::File(value) => value.as_i64(),
            Part::Built(tree, id) => match tree.get(id)? {
                Node::Int(value) => Some(*value),
                _ => None,
            },
        }
    }

    /// A tree of this value alone.
    pub(super) fn tree(self) -> Tree<'a> {
        match self {
            Part::File(value) => {
                let mut tree = Tree::of(());
                let root = tree.copy_of(value);
                tree.set_root(root);
                tree
            }
            Part::Built(tree, id) => tree.part(id),
        }
    }

    pub(super) fn entries(self) -> Option<Entries<'c, 'a>> {
        match self.shape() {
            Shape::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// What tells a value that can contain others from those of its kind.
    pub(super) fn id(self) -> Option<u64> {
        match self {
            Part::File(value) => value.id(),
            Part::Built(_, id) => u64::try_from(id.index()).ok(),
        }
    }

    /// The part that a segment leads to.
    pub(super) fn step(self, segment: &Segment) -> Option<Part<'c, 'a>> {
        if let Part::File(value) = self {
            return segment.find(value).map(Part::File);
        }
        match (self.shape(), segment) {
            (Shape::Dict(entries), Segment::Key(key)) => entries.get(key),
            (Shape::Dict(entries), &Segment::Index(key)) => entries.get_int(key),
            (Shape::Items(items), &Segment::Index(index)) => {
                let index = match usize::try_from(index) {
                    Ok(index) => index,
                    Err(_) => {
                        let back = usize::try_from(index.unsigned_abs()).ok()?;
                        items.len().checked_sub(back)?
                    }
                };
                items.get(index)
            }
            _ => None,
        }
    }
}

impl<'c, 'a> Items<'c, 'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Items::File(items) => items.len(),
            Items::Built(_, items) => items.len(),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Part<'c, 'a>> {
        match self {
            Items::File(items) => items.get(index).map(Part::File),
            Items::Built(tree, items) => items.get(index).map(|&id| Part::Built(tree, id)),
        }
    }
}

impl<'c, 'a> Entries<'c, 'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Entries::File(dict) => dict.len(),
            Entries::Built(_, entries, _) => entries.len(),
        }
    }

    pub(super) fn get_index(&self, index: usize) -> Option<(Part<'c, 'a>, Part<'c, 'a>)> {
        match self {
            Entries::File(dict) => {
                dict.get_index(index).map(|(key, value)| (Part::File(key), Part::File(value)))
            }
            Entries::Built(tree, entries, _) => entries
                .get(index)
                .map(|&(key, value)| (Part::Built(tree, key), Part::Built(tree, value))),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (Part<'c, 'a>, Part<'c, 'a>)> {
        (0..self.len()).filter_map(move |index| self.get_index(index))
    }

    /// What is under a str; of two entries with one key the last, as Python has it.
    pub(super) fn get(&self, key: &str) -> Option<Part<'c, 'a>> {
        match self {
            Entries::File(dict) => dict.get(key).map(Part::File),
            Entries::Built(..) => self.last_with(|part| part.str() == Some(key)),
        }
    }

    fn get_int(&self, key: i64) -> Option<Part<'c, 'a>> {
        self.last_with(|part| part.int() == Some(key))
    }

    fn last_with(&self, wanted: impl Fn(Part<'c, 'a>) -> bool) -> Option<Part<'c, 'a>> {
        (0..self.len()).rev().find_map(|index| {
            let (key, value) = self.get_index(index)?;
            wanted(key).then_some(value)
        })
    }

    /// An attribute of the dict object.
    pub(super) fn attribute(&self, name: &str) -> Option<Part<'c, 'a>> {
        match self {
            Entries::File(dict) => dict.attributes()?.get(name).map(Part::File),
            Entries::Built(tree, _, attributes) => {
                Part::Built(tree, (*attributes)?).entries()?.get(name)
            }
        }
    }
}

fn of_value<'c, 'a>(value: Value<'c>) -> Shape<'c, 'a> {
    match value.kind() {
        Kind::None => Shape::None,
        Kind::Bool(value) => Shape::Bool(value),
        Kind::Int(value) => Shape::Int(value),
        Kind::Float(value) => Shape::Float(value),
        Kind::Complex { re, im } => Shape::Complex(re, im),
        Kind::Str(text) => Shape::Str(text),
        Kind::Bytes(bytes) | Kind::ByteArray(bytes) => Shape::Bytes(bytes),
        Kind::List(items)
        | Kind::Tuple(items)
        | Kind::Size(items)
        | Kind::Set(items)
        | Kind::FrozenSet(items) => Shape::Items(Items::File(items)),
        Kind::Dict(dict) => Shape::Dict(Entries::File(dict)),
        Kind::Tensor(_) => Shape::Tensor,
        Kind::Sparse(_) => Shape::OddTensor("a sparse tensor"),
        Kind::Quantized(_) => Shape::OddTensor("a quantized tensor"),
        Kind::Refused(_) => Shape::OddTensor("a tensor that cannot be represented"),
        Kind::DType(dtype) => Shape::Name(format!("torch.{dtype}")),
        Kind::Device(device) => Shape::Name(device.to_string()),
        Kind::Layout(name) => Shape::Name(name.to_owned()),
        Kind::Object(object) => Shape::Object(object.state().as_dict().map(Entries::File)),
        Kind::NumPy(value) => scalar::of_numpy(value).unwrap_or(Shape::Other),
        Kind::Storage(_) | Kind::Global(_) => Shape::Other,
    }
}

fn of_node<'c, 'a>(tree: &'c Tree<'a>, node: &'c Node<'a>) -> Shape<'c, 'a> {
    let dict = |id: NodeId| Part::Built(tree, id).entries();
    match node {
        Node::None => Shape::None,
        Node::Bool(value) => Shape::Bool(*value),
        Node::Int(value) => Shape::Int(Integer::small(*value)),
        Node::BigInt(bytes) => Shape::Int(Integer::big(bytes)),
        Node::Float(value) => Shape::Float(*value),
        Node::Complex { re, im } => Shape::Complex(*re, *im),
        Node::Str(text) => Shape::Str(text),
        Node::Bytes(bytes) | Node::ByteArray(bytes) => Shape::Bytes(bytes),
        Node::List(items)
        | Node::Tuple(items)
        | Node::Size(items)
        | Node::Set(items)
        | Node::FrozenSet(items) => Shape::Items(Items::Built(tree, items)),
        Node::Dict(dict) => Shape::Dict(Entries::Built(tree, &dict.entries, dict.attributes)),
        Node::Tensor(_) => Shape::Tensor,
        Node::Refused(_) => Shape::OddTensor("a tensor that cannot be represented"),
        Node::DType(dtype) => Shape::Name(format!("torch.{dtype}")),
        Node::Device { kind, index } => {
            let kind = Part::Built(tree, *kind).str().unwrap_or_default();
            Shape::Name(index.map_or(kind.to_owned(), |index| format!("{kind}:{index}")))
        }
        Node::Layout(name) => Shape::Name(name.clone().into_owned()),
        Node::Object(object) => match rebuilt(tree, object.class) {
            Some(what) => Shape::OddTensor(what),
            None => scalar::of_object(tree, object)
                .unwrap_or_else(|| Shape::Object(object.state.and_then(dict))),
        },
        Node::Storage(..) | Node::Global { .. } => Shape::Other,
    }
}

/// The tensor that a function of PyTorch makes of its parts: a file's is kept like this once it is edited.
fn rebuilt(tree: &Tree<'_>, class: NodeId) -> Option<&'static str> {
    let Node::Global { module, name } = tree.get(class)? else { return None };
    match (&**module, &**name) {
        ("torch._utils", "_rebuild_sparse_tensor") => Some("a sparse tensor"),
        ("torch._utils", "_rebuild_qtensor") => Some("a quantized tensor"),
        ("torch._utils", "_rebuild_nested_tensor") => Some("a nested tensor"),
        ("torch._utils", name) if name.starts_with("_rebuild_") => {
            Some("a tensor that cannot be represented")
        }
        ("torch._tensor", "_rebuild_from_type_v2") => Some("a tensor of a class of its own"),
        ("torch.nn.parameter", "UninitializedParameter" | "UninitializedBuffer") => {
            Some("an uninitialized parameter")
        }
        _ => None,
    }
}

fn name_of_node(tree: &Tree<'_>, node: &Node<'_>) -> Cow<'static, str> {
    let name = match node {
        Node::None => "NoneType",
        Node::Bool(_) => "bool",
        Node::Int(_) | Node::BigInt(_) => "int",
        Node::Float(_) => "float",
        Node::Complex { .. } => "complex",
        Node::Str(_) => "str",
        Node::Bytes(_) => "bytes",
        Node::ByteArray(_) => "bytearray",
        Node::List(_) => "list",
        Node::Tuple(_) => "tuple",
        Node::Size(_) => "torch.Size",
        Node::Set(_) => "set",
        Node::FrozenSet(_) => "frozenset",
        Node::Dict(dict) => dict.kind.type_name(),
        Node::Tensor(tensor) if tensor.parameter => "torch.nn.parameter.Parameter",
        Node::Tensor(_) | Node::Refused(_) => "torch.Tensor",
        Node::Storage(..) => "torch.storage.UntypedStorage",
        Node::DType(_) => "torch.dtype",
        Node::Device { .. } => "torch.device",
        Node::Layout(_) => "torch.layout",
        Node::Global { .. } => "type",
        Node::Object(object) => match tree.get(object.class) {
            _ if rebuilt(tree, object.class).is_some() => "torch.Tensor",
            Some(Node::Global { module, name }) => return format!("{module}.{name}").into(),
            _ => "object",
        },
    };
    name.into()
}
