//! A tree of Python values that can be built and edited.

use std::borrow::Cow;
use std::fmt;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};
use crate::value::parts::DictKind;
use crate::value::refusal::Refusal;

/// One value of a [`Tree`]. It means one object, as in Python: a list that is put into two dicts is
/// one list, and is written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A tree of Python values for building or editing what a checkpoint holds.
///
/// [`Tree::new`] begins an empty one; [`Document::to_tree`](crate::codec::Document::to_tree) makes one of
/// an opened file, which [`save_tree`](crate::save_tree) writes back byte for byte if nothing was changed.
/// The lifetime is that of the tensors and texts it borrows.
///
/// ```
/// use statedict::value::Tree;
/// use statedict::{StateMap, TensorView, WriteOptions, write_tree};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
///
/// let mut tree = Tree::new();
/// let root = tree.root();
/// tree.set(root, "epoch", 5)?;
/// let model = tree.state_map(&map);
/// tree.put(root, "model_state_dict", model)?;
///
/// let mut file = Vec::new();
/// write_tree(&tree, &mut file, &WriteOptions::default())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    root: NodeId,
    /// Interned strings of the builder, by their text.
    keys: HashMap<String, NodeId>,
    /// Strings that are constants of PyTorch's code too: one object with those.
    constants: HashSet<NodeId>,
    /// The `str` that the text of a `bytes` or `bytearray` is one object with: CPython has one object for
    /// each string of one character.
    texts: HashMap<NodeId, NodeId>,
}

/// A value of a [`Tree`].
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum Node<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// An `int` of any size: two's complement, least significant byte first.
    BigInt(Cow<'a, [u8]>),
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
    Str(Cow<'a, str>),
    /// A `bytes`.
    Bytes(Cow<'a, [u8]>),
    /// A `bytearray`.
    ByteArray(Cow<'a, [u8]>),
    /// A `list`.
    List(Vec<NodeId>),
    /// A `tuple`.
    Tuple(Vec<NodeId>),
    /// A `torch.Size`.
    Size(Vec<NodeId>),
    /// A `set`, in the order in which it is written.
    Set(Vec<NodeId>),
    /// A `frozenset`, in the order in which it is written.
    FrozenSet(Vec<NodeId>),
    /// A `dict`, or one of its kinds.
    Dict(DictNode),
    /// A tensor.
    Tensor(Box<TensorNode<'a>>),
    /// A storage by itself, of elements of a type or (`None`) untyped.
    Storage(Storage<'a>, Option<DType>),
    /// A `torch.dtype`.
    DType(DType),
    /// A `torch.device`.
    Device {
        /// The kind of device, a `str`: `"cuda"`.
        kind: NodeId,
        /// Which of that kind.
        index: Option<i64>,
    },
    /// A `torch.layout`, by its name: `"torch.strided"`.
    Layout(Cow<'a, str>),
    /// A class or function.
    Global {
        /// The module.
        module: Cow<'a, str>,
        /// The name within the module.
        name: Cow<'a, str>,
    },
    /// Whatever a class or function makes of arguments.
    Object(Box<ObjectNode>),
    /// A tensor of a file that cannot be represented, nor written again.
    Refused(Refusal),
}

/// A dict of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictNode {
    /// Which kind of dict.
    pub kind: DictKind,
    /// Keys and values, in order.
    pub entries: Vec<(NodeId, NodeId)>,
    /// The attributes of the dict object, a dict: PyTorch puts `_metadata` there. Not for a plain `dict`.
    pub attributes: Option<NodeId>,
    /// What a `defaultdict` makes new values with.
    pub default_factory: Option<NodeId>,
}

/// A tensor of a [`Tree`].
#[derive(Debug, Clone)]
pub struct TensorNode<'a> {
    /// The tensor.
    pub view: TensorView<'a>,
    /// Whether it is a `torch.nn.Parameter`.
    pub parameter: bool,
    /// The Python attributes it carries, usually a dict; rarely any.
    pub attributes: Option<NodeId>,
}

/// What a class or function makes of arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectNode {
    /// The class or function.
    pub class: NodeId,
    /// The arguments, a tuple.
    pub args: NodeId,
    /// The arguments by name, a dict. Only files of later pickle protocols have them.
    pub kwargs: Option<NodeId>,
    /// How it is made.
    pub construction: Construction,
    /// The state it is given, usually a dict of attributes.
    pub state: Option<NodeId>,
    /// What is appended to it.
    pub items: Vec<NodeId>,
    /// What is set in it by key.
    pub entries: Vec<(NodeId, NodeId)>,
}

/// How an object is made from its class and arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Construction {
    /// The class or function is called.
    #[default]
    Call,
    /// `__new__` of the class is called, without `__init__`: most objects of classes written in Python.
    New,
}

/// What was edited is not a dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADict;

impl fmt::Display for NotADict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only a dict has entries, and this value is none")
    }
}

impl std::error::Error for NotADict {}

impl<'a> Tree<'a> {
    /// A tree that holds an empty dict.
    pub fn new() -> Self {
        let root = Node::Dict(DictNode::new(DictKind::Dict));
        Tree { nodes: vec![root], ..Tree::empty() }
    }

    pub(super) fn empty() -> Self {
        Tree {
            nodes: Vec::new(),
            root: NodeId(0),
            keys: HashMap::new(),
            constants: HashSet::new(),
            texts: HashMap::new(),
        }
    }

    /// The value that the file will hold.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Sets the value that the file will hold.
    pub fn set_root(&mut self, root: NodeId) {
        self.root = root;
    }

    /// Adds a value, which belongs nowhere until it is put somewhere.
    ///
    /// # Panics
    /// At more than 2^32 values.
    pub fn add(&mut self, node: impl Into<Node<'a>>) -> NodeId {
        let Ok(id) = u32::try_from(self.nodes.len()) else {
            panic!("a tree has at most 2^32 values");
        };
        self.nodes.push(node.into());
        NodeId(id)
    }

    /// A value. Of a node that is not of this tree, `None`.
    pub fn get(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id.index())
    }

    /// A value for changing: all that hold it see the change.
    pub fn get_mut(&mut self, id: NodeId) -> Option<&mut Node<'a>> {
        self.nodes.get_mut(id.index())
    }

    /// The number of values, those included that are held by nothing.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The interned string `text`: one object, however often it is asked for. Keys that stand in a program's
    /// text are such, and so are attributes' names.
    pub fn key(&mut self, text: &str) -> NodeId {
        if let Some(&known) = self.keys.get(text) {
            return known;
        }
        let id = self.add(Node::Str(text.to_owned().into()));
        self.keys.insert(text.to_owned(), id);
        self.constants.insert(id);
        id
    }

    /// The interned strings.
    pub(crate) fn interned(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// Whether a string is the interned one of its text.
    pub(super) fn is_key(&self, id: NodeId, text: &str) -> bool {
        self.keys.get(text) == Some(&id)
    }

    /// Whether a string may be one object with a constant of PyTorch's code.
    pub(crate) fn is_interned(&self, id: NodeId) -> bool {
        self.constants.contains(&id)
    }

    pub(super) fn set_interned(&mut self, id: NodeId) {
        self.constants.insert(id);
    }

    /// The `str` that a `bytes` or `bytearray` is written as, where that is a value of the tree.
    pub(crate) fn text_of(&self, id: NodeId) -> Option<NodeId> {
        self.texts.get(&id).copied()
    }

    pub(super) fn set_text_of(&mut self, id: NodeId, text: NodeId) {
        self.texts.insert(id, text);
    }
}

impl Default for Tree<'_> {
    fn default() -> Self {
        Tree::new()
    }
}

impl Node<'_> {
    /// Adds the values that this one has as parts.
    pub(crate) fn push_parts(&self, parts: &mut Vec<NodeId>) {
        let pair = |&(key, value): &(NodeId, NodeId)| [key, value];
        match self {
            Node::List(items)
            | Node::Tuple(items)
            | Node::Size(items)
            | Node::Set(items)
            | Node::FrozenSet(items) => parts.extend(items),
            Node::Dict(dict) => {
                parts.extend(dict.entries.iter().flat_map(pair));
                parts.extend(dict.attributes);
                parts.extend(dict.default_factory);
            }
            Node::Tensor(tensor) => parts.extend(tensor.attributes),
            Node::Device { kind, .. } => parts.push(*kind),
            Node::Object(object) => {
                parts.extend([object.class, object.args]);
                parts.extend(object.kwargs);
                parts.extend(object.state);
                parts.extend(&object.items);
                parts.extend(object.entries.iter().flat_map(pair));
            }
            _ => {}
        }
    }
}

impl DictNode {
    /// An empty dict.
    pub fn new(kind: DictKind) -> Self {
        DictNode { kind, entries: Vec::new(), attributes: None, default_factory: None }
    }
}
