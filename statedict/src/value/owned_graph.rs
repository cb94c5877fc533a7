//! From the arena of a file to a tree that can be edited: every value, and which are one object.

use std::borrow::Cow;

use foldhash::HashMap;

use crate::value::graph::Graph;
use crate::value::handle::Value;
use crate::value::owned::{Construction, DictNode, Node, NodeId, ObjectNode, TensorNode, Tree};
use crate::value::parts::DictKind;
use crate::value::provenance::MadeBy;
use crate::value::raw::{ContainerKind, Object, Raw, Run, Text};

/// What makes two values of the arena one object: a kind, a place and a length.
type Identity = (u8, u32, u32);

const STR: u8 = 0;

impl Graph {
    /// A tree of the same values that can be edited and written. Values that are one object in the file are
    /// one in the tree.
    pub fn to_tree(&self) -> Tree<'_> {
        let mut tree = Tree::empty();
        let borrow = Copied { str: Cow::Borrowed, bytes: Cow::Borrowed };
        let mut import = Import {
            graph: self,
            tree: &mut tree,
            known: &mut Known::default(),
            todo: vec![],
            borrow,
        };
        let root = import.run(self.root_raw());
        tree.set_root(root);
        tree
    }
}

impl<'t> Tree<'t> {
    /// Adds a copy of a value of a file, with all it has as parts. What is one object in it is one in the
    /// copy; two copies are two.
    pub fn copy_of(&mut self, value: Value<'_>) -> NodeId {
        self.copy_known(value, &mut Known::default())
    }

    /// As [`copy_of`](Self::copy_of), without copying again what `known` has of the same file.
    pub(super) fn copy_known(&mut self, value: Value<'_>, known: &mut Known) -> NodeId {
        let borrow = Copied {
            str: |text| Cow::Owned(text.to_owned()),
            bytes: |bytes| Cow::Owned(bytes.to_owned()),
        };
        let mut import = Import { graph: value.graph(), tree: self, known, todo: vec![], borrow };
        import.run(value.raw())
    }
}

/// The nodes of the values of one file.
pub(super) type Known = HashMap<Identity, NodeId>;

/// Whether text is borrowed or copied.
struct Copied<'g, 't> {
    str: fn(&'g str) -> Cow<'t, str>,
    bytes: fn(&'g [u8]) -> Cow<'t, [u8]>,
}

struct Import<'i, 'g, 't> {
    graph: &'g Graph,
    tree: &'i mut Tree<'t>,
    known: &'i mut Known,
    /// Nodes that stand for values which are not converted yet.
    todo: Vec<(NodeId, Raw)>,
    borrow: Copied<'g, 't>,
}

/// What has no identity in Python that a pickle would show is a node of its own wherever it occurs.
fn identity(raw: Raw) -> Option<Identity> {
    let text = |kind, text: Text| Some((kind, text.start, text.len));
    match raw {
        Raw::Str(content) => text(STR, content),
        Raw::Bytes(content) => text(1, content),
        Raw::ByteArray(content) => text(2, content),
        Raw::Tuple(run) => Some((3, run.start, run.len)),
        Raw::Size(run) => Some((4, run.start, run.len)),
        Raw::Container(index) => Some((5, index, 0)),
        Raw::Object(index) => Some((6, index, 0)),
        Raw::Tensor(index) => Some((7, index, 0)),
        Raw::Complex(index) => Some((8, index, 0)),
        Raw::Device(index) => Some((9, index, 0)),
        Raw::Refused(index) => Some((10, index, 0)),
        Raw::Composite(index) => Some((11, index, 0)),
        Raw::NumPy(index) => Some((12, index, 0)),
        _ => None,
    }
}

impl<'g, 't> Import<'_, 'g, 't> {
    fn run(&mut self, root: Raw) -> NodeId {
        let root = self.node(root);
        while let Some((id, raw)) = self.todo.pop() {
            let node = self.convert(id, raw);
            if let Some(place) = self.tree.get_mut(id) {
                *place = node;
            }
        }
        for text in self.graph.constants() {
            if let Some(&id) = self.known.get(&(STR, text.start, text.len)) {
                self.tree.set_interned(id);
            }
        }
        root
    }

    /// The node of a value, which may have to wait for its content.
    fn node(&mut self, raw: Raw) -> NodeId {
        if let Raw::Str(text) = raw
            && self.graph.is_interned(self.graph.str(text))
        {
            return self.tree.key(self.graph.str(text));
        }
        let identity = identity(raw);
        if let Some(&known) = identity.and_then(|identity| self.known.get(&identity)) {
            return known;
        }
        let id = self.tree.add(Node::None);
        if let Some(identity) = identity {
            self.known.insert(identity, id);
        }
        if raw != Raw::None {
            self.todo.push((id, raw));
        }
        id
    }

    fn optional(&mut self, raw: Raw) -> Option<NodeId> {
        (raw != Raw::None).then(|| self.node(raw))
    }

    fn nodes(&mut self, run: Run) -> Vec<NodeId> {
        self.graph.run(run).iter().map(|&raw| self.node(raw)).collect()
    }

    fn pairs(&mut self, run: Run) -> Vec<(NodeId, NodeId)> {
        let (pairs, _) = self.graph.run(run).as_chunks::<2>();
        pairs.iter().map(|&[key, value]| (self.node(key), self.node(value))).collect()
    }

    fn str(&self, text: Text) -> Cow<'t, str> {
        (self.borrow.str)(self.graph.str(text))
    }

    fn bytes(&self, text: Text) -> Cow<'t, [u8]> {
        (self.borrow.bytes)(self.graph.text(text))
    }

    fn convert(&mut self, id: NodeId, raw: Raw) -> Node<'t> {
        let graph = self.graph;
        match raw {
            Raw::None => Node::None,
            Raw::Bool(value) => Node::Bool(value),
            Raw::Int(value) => Node::Int(value),
            Raw::BigInt(text) => Node::BigInt(self.bytes(text)),
            Raw::Float(value) => Node::Float(value),
            Raw::Complex(index) => {
                let (re, im) = graph.complex(index).unwrap_or_default();
                Node::Complex { re, im }
            }
            Raw::Str(text) => Node::Str(self.str(text)),
            Raw::Bytes(text) => {
                self.share(id, text);
                Node::Bytes(self.bytes(text))
            }
            Raw::ByteArray(text) => {
                self.share(id, text);
                Node::ByteArray(self.bytes(text))
            }
            Raw::Tuple(run) => Node::Tuple(self.nodes(run)),
            Raw::Size(run) => Node::Size(self.nodes(run)),
            Raw::Container(index) => self.container(index),
            Raw::Object(index) => match graph.object(index) {
                Some(object) => self.object(object),
                None => Node::None,
            },
            Raw::Tensor(index) => self.tensor(index),
            Raw::Storage(index, dtype) => Node::Storage(graph.storage(index), dtype),
            Raw::DType(dtype) => Node::DType(dtype),
            Raw::Device(index) => match graph.device(index) {
                Some(device) => {
                    Node::Device { kind: self.node(Raw::Str(device.kind)), index: device.index }
                }
                None => Node::None,
            },
            Raw::Layout(text) => Node::Layout(self.str(text)),
            Raw::Global(index) => match graph.global(index) {
                Some(global) => {
                    Node::Global { module: self.str(global.module), name: self.str(global.name) }
                }
                None => Node::None,
            },
            Raw::Composite(_) | Raw::NumPy(_) | Raw::Refused(_) => match graph.made_by(raw) {
                Some(made) => self.made(made),
                None => self.refused(raw),
            },
        }
    }

    /// What a `bytes` is written as is text, of which CPython has one object where it is one character.
    fn share(&mut self, id: NodeId, bytes: Text) {
        if bytes.len == 1 {
            let shared = self.node(Raw::Str(self.graph.encoded_from(bytes)));
            self.tree.set_text_of(id, shared);
        }
    }

    fn container(&mut self, index: u32) -> Node<'t> {
        let Some(container) = self.graph.container(index) else { return Node::None };
        let kind = match container.kind {
            ContainerKind::List => return Node::List(self.nodes(container.run)),
            ContainerKind::Set => return Node::Set(self.nodes(container.run)),
            ContainerKind::FrozenSet => return Node::FrozenSet(self.nodes(container.run)),
            ContainerKind::Dict => DictKind::Dict,
            ContainerKind::OrderedDict => DictKind::OrderedDict,
            ContainerKind::Counter => DictKind::Counter,
            ContainerKind::DefaultDict => DictKind::DefaultDict,
        };
        let extra = self.graph.extra(index);
        Node::Dict(DictNode {
            kind,
            entries: self.pairs(container.run),
            attributes: extra.and_then(|extra| self.optional(extra.attributes)),
            default_factory: extra.and_then(|extra| self.optional(extra.factory)),
        })
    }

    fn object(&mut self, object: Object) -> Node<'t> {
        let run = |container: Raw| match container {
            Raw::Container(index) => self.graph.container(index).map(|found| found.run),
            _ => None,
        };
        let (items, entries) = (run(object.items), run(object.entries));
        Node::Object(Box::new(ObjectNode {
            class: self.node(object.class),
            args: self.node(object.args),
            kwargs: self.optional(object.kwargs),
            construction: match object.new {
                true => Construction::New,
                false => Construction::Call,
            },
            state: self.optional(object.state),
            items: self.nodes(items.unwrap_or_default()),
            entries: self.pairs(entries.unwrap_or_default()),
        }))
    }

    fn made(&mut self, made: MadeBy) -> Node<'t> {
        let MadeBy { function: class, args, state } = made;
        let (kwargs, items, entries) = (Raw::None, Raw::None, Raw::None);
        self.object(Object { class, args, kwargs, state, items, entries, new: false })
    }

    fn refused(&self, raw: Raw) -> Node<'t> {
        match raw {
            Raw::Refused(index) => {
                self.graph.refusal(index).cloned().map_or(Node::None, Node::Refused)
            }
            _ => Node::None,
        }
    }

    fn tensor(&mut self, index: u32) -> Node<'t> {
        let Some(node) = self.graph.tensor(index) else { return Node::None };
        let Some(view) = self.graph.view(node) else { return Node::None };
        let attributes = self.graph.tensor_attributes(index);
        Node::Tensor(Box::new(TensorNode {
            view,
            parameter: node.flags.parameter,
            attributes: attributes.and_then(|attributes| self.optional(attributes)),
        }))
    }
}
