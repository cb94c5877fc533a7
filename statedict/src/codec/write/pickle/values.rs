//! The pickle of any tree of values, with CPython's numbering of the memo.
//!
//! Iterative: what is to be written is a stack of steps, so that no tree is too deep.

use std::collections::HashMap;

use crate::codec::write::error::WriteError;
use crate::codec::write::from_tree::TreeStorages;
use crate::codec::write::outline::Entry;
use crate::codec::write::pickle::batches::{Batches, Rule};
use crate::codec::write::pickle::encoder::{Call, Encoder, Memo};
use crate::codec::write::pickle::pickler::{Pickler, StorageNames, is_constant};
use crate::value::{Construction, DictKind, Node, NodeId, ObjectNode, TensorNode, Tree};

/// The pickle of a tree, and its storages in the order in which they were met.
pub(in crate::codec::write) fn values<'t>(
    tree: &'t Tree<'t>,
    storages: &mut TreeStorages<'t>,
    names: StorageNames<'_>,
) -> Result<Vec<u8>, WriteError> {
    let mut pickler = ValuesPickler {
        pickler: Pickler::new(Encoder::new(tree.len() * 24 + 256), 0, names),
        tree,
        storages,
        memo: vec![None; tree.len()],
        named: 0,
        open: HashMap::new(),
        path: Vec::new(),
        steps: vec![Step::Value(tree.root())],
    };
    while let Some(step) = pickler.steps.pop() {
        pickler.step(step)?;
    }
    pickler.pickler.finish()
}

/// What is to be written, last first.
enum Step {
    Value(NodeId),
    Mark,
    /// A tuple without a node of its own of the values on top.
    Tuple(usize),
    /// A tuple that has a node.
    TupleNode(NodeId, usize),
    /// The call of what is below the arguments on top.
    Call(NodeId, Call),
    /// The next items for the container on top.
    Fill(NodeId, Part, Batches),
    EndFill {
        dict: bool,
        bare: bool,
    },
    Build,
    Enter(NodeId),
    Leave,
    /// The rest of a parameter or of a tensor with attributes.
    ParameterTail(bool),
    TupleFromMark,
}

/// Which items of a node a container is filled with.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Items,
    Entries,
}

struct ValuesPickler<'p, 't> {
    pickler: Pickler<'p>,
    tree: &'t Tree<'t>,
    storages: &'p mut TreeStorages<'t>,
    /// The place in the memo of each node that has one.
    memo: Vec<Option<Memo>>,
    /// How many nodes are in the memo.
    named: usize,
    /// Nodes of which the parts are being written before they are in the memo, and `named` then.
    open: HashMap<NodeId, usize>,
    /// The keys that lead to the value that is being written.
    path: Vec<NodeId>,
    steps: Vec<Step>,
}

impl<'t> ValuesPickler<'_, 't> {
    fn known(&self, id: NodeId) -> Option<Memo> {
        self.memo.get(id.index()).copied().flatten()
    }

    fn remember(&mut self, id: NodeId, memo: Memo) {
        if let Some(place) = self.memo.get_mut(id.index()) {
            *place = Some(memo);
            self.named += 1;
        }
    }

    fn step(&mut self, step: Step) -> Result<(), WriteError> {
        match step {
            Step::Value(id) => return self.value(id),
            Step::Mark => self.pickler.encoder.mark(),
            Step::Tuple(len) => drop(self.pickler.encoder.tuple_of(len)),
            Step::TupleFromMark => drop(self.pickler.encoder.tuple()),
            Step::TupleNode(id, len) => {
                // One of its parts had it as a part: it is there already.
                if let Some(memo) = self.known(id) {
                    self.pickler.encoder.discard_elements(len);
                    self.pickler.encoder.get(memo);
                } else {
                    let memo = self.pickler.encoder.tuple_of(len);
                    self.remember(id, memo);
                }
                self.open.remove(&id);
            }
            Step::Call(id, call) => {
                self.pickler.encoder.call(call);
                if let Some(memo) = self.known(id) {
                    self.pickler.encoder.discard(1);
                    self.pickler.encoder.get(memo);
                } else {
                    let memo = self.pickler.encoder.put();
                    self.remember(id, memo);
                }
                self.open.remove(&id);
            }
            Step::Fill(id, part, batches) => self.fill(id, part, batches),
            Step::EndFill { dict: true, bare } => self.pickler.end_batch(bare),
            Step::EndFill { dict: false, bare: true } => self.pickler.encoder.append(),
            Step::EndFill { dict: false, bare: false } => self.pickler.encoder.appends(),
            Step::Build => self.pickler.encoder.build(),
            Step::Enter(key) => self.path.push(key),
            Step::Leave => drop(self.path.pop()),
            Step::ParameterTail(requires_grad) => {
                self.pickler.encoder.bool(requires_grad);
                self.pickler.ordered_dict();
            }
        }
        Ok(())
    }

    /// Plans what is to come: the first is done first.
    fn then<const N: usize>(&mut self, steps: [Step; N]) {
        self.steps.extend(steps.into_iter().rev());
    }

    /// The elements of a tuple, and the mark that precedes more than three.
    fn then_elements(&mut self, elements: &[NodeId]) {
        self.steps.extend(elements.iter().rev().map(|&id| Step::Value(id)));
        if elements.len() > 3 {
            self.steps.push(Step::Mark);
        }
    }

    /// Refuses a value that has itself as a part, with nothing between that could be named.
    fn enter(&mut self, id: NodeId) -> Result<(), WriteError> {
        if self.open.insert(id, self.named) == Some(self.named) {
            return Err(WriteError::Unwritable {
                key: self.storages.path_name(self.tree, &self.path),
                reason: "contains itself in a way that Python does not allow",
            });
        }
        Ok(())
    }

    fn value(&mut self, id: NodeId) -> Result<(), WriteError> {
        if let Some(memo) = self.known(id) {
            self.pickler.encoder.get(memo);
            return Ok(());
        }
        let Some(node) = self.tree.get(id) else {
            return Err(self.unwritable("is of another tree"));
        };
        match node {
            Node::None => self.pickler.encoder.none(),
            Node::Bool(value) => self.pickler.encoder.bool(*value),
            Node::Int(value) => self.pickler.encoder.int(*value),
            Node::BigInt(bytes) => match <[u8; 16]>::try_from(widened(bytes)) {
                Ok(bytes) => self.pickler.encoder.int(i128::from_le_bytes(bytes)),
                Err(_) => self.pickler.encoder.long(bytes),
            },
            Node::Float(value) => self.pickler.encoder.float(*value),
            Node::Complex { re, im } => {
                self.pickler.global("__builtin__", "complex");
                self.pickler.encoder.float(*re);
                self.pickler.encoder.float(*im);
                self.pickler.encoder.tuple_of(2);
                self.reduce(id);
            }
            Node::Str(text) => self.str(id, text)?,
            Node::Bytes(bytes) => {
                let memo = self.bytes(self.tree.text_of(id), bytes)?;
                self.remember(id, memo);
            }
            Node::ByteArray(bytes) => self.byte_array(id, bytes)?,
            Node::Tuple(elements) if elements.is_empty() => self.pickler.encoder.empty_tuple(),
            Node::Tuple(elements) => {
                self.enter(id)?;
                self.then([Step::TupleNode(id, elements.len())]);
                self.then_elements(elements);
            }
            Node::Size(elements) => {
                self.enter(id)?;
                self.pickler.global("torch", "Size");
                self.then([Step::Tuple(1), Step::Call(id, Call::Reduce)]);
                if elements.is_empty() {
                    self.pickler.encoder.empty_tuple();
                } else {
                    self.then([Step::Tuple(elements.len())]);
                    self.then_elements(elements);
                }
            }
            Node::List(items) => {
                let memo = self.pickler.encoder.empty_list();
                self.remember(id, memo);
                let batches = Batches::new(Rule::List, items.len());
                self.then([Step::Fill(id, Part::Items, batches)]);
            }
            Node::Set(items) => self.set(id, "set", items)?,
            Node::FrozenSet(items) => self.set(id, "frozenset", items)?,
            Node::Dict(_) => self.dict(id)?,
            Node::Tensor(tensor) => self.tensor(id, tensor)?,
            Node::Storage(_, None) if self.pickler.is_legacy() => {
                return Err(self.unwritable(
                    "is an untyped storage, which PyTorch cannot read back from its old format",
                ));
            }
            Node::Storage(storage, dtype) => {
                let number = self.storages.bare(self.tree, &self.path, storage, *dtype)?;
                let (nbytes, location) = self.storages.outline.storage_facts(number);
                self.pickler.persistent_id(*dtype, number, nbytes, location);
            }
            Node::DType(dtype) => self.pickler.global("torch", dtype.name()),
            Node::Device { kind, index } => {
                self.enter(id)?;
                if !matches!(self.tree.get(*kind), Some(Node::Str(_))) {
                    return Err(self.unwritable("is a device of which the kind is no str"));
                }
                self.pickler.global("torch", "device");
                self.value(*kind)?;
                let len = match index {
                    Some(index) => {
                        self.pickler.encoder.int(*index);
                        2
                    }
                    None => 1,
                };
                self.pickler.encoder.tuple_of(len);
                self.then([Step::Call(id, Call::Reduce)]);
            }
            Node::Layout(name) => self.pickler.layout(name),
            Node::Global { module, name } => self.pickler.global(module, name),
            Node::Object(object) => self.object(id, object)?,
            Node::Refused(_) => {
                return Err(self.unwritable("is a tensor that could not be read whole"));
            }
        }
        Ok(())
    }

    fn unwritable(&self, reason: &'static str) -> WriteError {
        WriteError::Unwritable { key: self.storages.path_name(self.tree, &self.path), reason }
    }

    /// Calls what is below the arguments on top.
    fn reduce(&mut self, id: NodeId) {
        let memo = self.pickler.encoder.reduce();
        self.remember(id, memo);
    }

    fn str(&mut self, id: NodeId, text: &str) -> Result<(), WriteError> {
        if u32::try_from(text.len()).is_err() {
            return Err(WriteError::TooLarge { what: "a string is" });
        }
        if self.tree.is_interned(id) && is_constant(text) {
            self.pickler.interned(text);
        } else {
            let memo = self.pickler.encoder.string(text);
            self.remember(id, memo);
        }
        Ok(())
    }

    /// A `bytes`, as protocol 2 has it: text that is to be encoded. `shared` is the node of that text, where
    /// it has one.
    fn bytes(&mut self, shared: Option<NodeId>, bytes: &[u8]) -> Result<Memo, WriteError> {
        if bytes.is_empty() {
            self.pickler.global("__builtin__", "bytes");
            return Ok(self.pickler.encoder.reduce_without_arguments());
        }
        self.pickler.global("_codecs", "encode");
        match shared {
            Some(shared) => self.value(shared)?,
            None => {
                let text: String = bytes.iter().copied().map(char::from).collect();
                if u32::try_from(text.len()).is_err() {
                    return Err(WriteError::TooLarge { what: "a bytes object is" });
                }
                self.pickler.encoder.string(&text);
            }
        }
        self.pickler.interned("latin1");
        self.pickler.encoder.tuple_of(2);
        Ok(self.pickler.encoder.reduce())
    }

    fn byte_array(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), WriteError> {
        self.pickler.global("__builtin__", "bytearray");
        let memo = if bytes.is_empty() {
            self.pickler.encoder.reduce_without_arguments()
        } else {
            // A `bytes` that nothing else has.
            self.bytes(self.tree.text_of(id), bytes)?;
            self.pickler.encoder.tuple_of(1);
            self.pickler.encoder.reduce()
        };
        self.remember(id, memo);
        Ok(())
    }

    fn set(&mut self, id: NodeId, class: &'static str, items: &[NodeId]) -> Result<(), WriteError> {
        self.enter(id)?;
        self.pickler.global("__builtin__", class);
        self.pickler.encoder.empty_list();
        let batches = Batches::new(Rule::List, items.len());
        self.then([
            Step::Fill(id, Part::Items, batches),
            Step::Tuple(1),
            Step::Call(id, Call::Reduce),
        ]);
        Ok(())
    }

    fn dict(&mut self, id: NodeId) -> Result<(), WriteError> {
        let Some(Node::Dict(dict)) = self.tree.get(id) else { return Ok(()) };
        let fill = |rule| Step::Fill(id, Part::Entries, Batches::new(rule, dict.entries.len()));
        if let Some(attributes) = dict.attributes {
            if dict.kind == DictKind::Dict {
                return Err(self.unwritable("is a plain dict, which cannot have attributes"));
            }
            self.then([Step::Value(attributes), Step::Build]);
        }
        match dict.kind {
            DictKind::Dict => {
                let memo = self.pickler.encoder.empty_dict();
                self.remember(id, memo);
                self.then([fill(Rule::Dict)]);
            }
            DictKind::OrderedDict => {
                let memo = self.pickler.ordered_dict();
                self.remember(id, memo);
                self.then([fill(Rule::Iterated)]);
            }
            DictKind::Counter => {
                self.enter(id)?;
                self.pickler.global("collections", "Counter");
                self.pickler.encoder.empty_dict();
                self.then([fill(Rule::Dict), Step::Tuple(1), Step::Call(id, Call::Reduce)]);
            }
            DictKind::DefaultDict => {
                self.enter(id)?;
                self.pickler.global("collections", "defaultdict");
                self.then([Step::Call(id, Call::Reduce), fill(Rule::Iterated)]);
                match dict.default_factory {
                    Some(factory) => self.then([Step::Value(factory), Step::Tuple(1)]),
                    None => self.pickler.encoder.empty_tuple(),
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, id: NodeId, object: &ObjectNode) -> Result<(), WriteError> {
        if object.kwargs.is_some() {
            return Err(self.unwritable(
                "is an object made with arguments by name, which protocol 2 does not have",
            ));
        }
        self.enter(id)?;
        if let Some(state) = object.state {
            self.then([Step::Value(state), Step::Build]);
        }
        let call = match object.construction {
            Construction::Call => Call::Reduce,
            Construction::New => Call::New,
        };
        let items = Batches::new(Rule::Iterated, object.items.len());
        let entries = Batches::new(Rule::Iterated, object.entries.len());
        self.then([
            Step::Value(object.class),
            Step::Value(object.args),
            Step::Call(id, call),
            Step::Fill(id, Part::Items, items),
            Step::Fill(id, Part::Entries, entries),
        ]);
        Ok(())
    }

    /// One batch of what a container is filled with; the next follows it.
    fn fill(&mut self, id: NodeId, part: Part, mut batches: Batches) {
        let at = batches.at();
        let Some(batch) = batches.next() else { return };
        if !batch.bare {
            self.pickler.encoder.mark();
        }
        let dict = part == Part::Entries;
        self.then([Step::EndFill { dict, bare: batch.bare }, Step::Fill(id, part, batches)]);
        let tree = self.tree;
        let (items, entries): (&[NodeId], &[(NodeId, NodeId)]) = match tree.get(id) {
            Some(Node::List(items) | Node::Set(items) | Node::FrozenSet(items)) => (items, &[]),
            Some(Node::Dict(dict)) => (&[], &dict.entries),
            Some(Node::Object(object)) => (&object.items, &object.entries),
            _ => return,
        };
        let range = at..at + batch.len;
        if dict {
            for &(key, value) in entries.get(range).unwrap_or_default().iter().rev() {
                self.then([Step::Value(key), Step::Enter(key), Step::Value(value), Step::Leave]);
            }
        } else {
            let items = items.get(range).unwrap_or_default();
            self.steps.extend(items.iter().rev().map(|&item| Step::Value(item)));
        }
    }

    fn tensor(&mut self, id: NodeId, tensor: &'t TensorNode<'t>) -> Result<(), WriteError> {
        let mut entry = self.storages.entry(self.tree, &self.path, &tensor.view)?;
        if tensor.parameter {
            entry.requires_grad = false;
            self.parameter(id, tensor, entry)
        } else if let Some(attributes) = tensor.attributes {
            self.enter(id)?;
            self.pickler.global("torch._tensor", "_rebuild_from_type_v2");
            self.pickler.encoder.mark();
            self.pickler.rebuild_function(entry.storage, entry.dtype);
            self.pickler.global("torch", "Tensor");
            self.arguments(entry)?;
            self.then([Step::Value(attributes), Step::TupleFromMark, Step::Call(id, Call::Reduce)]);
            Ok(())
        } else {
            self.pickler.rebuild_function(entry.storage, entry.dtype);
            self.arguments(entry)?;
            self.reduce(id);
            Ok(())
        }
    }

    fn arguments(&mut self, entry: Entry<'t>) -> Result<(), WriteError> {
        self.pickler.tensor_arguments(&self.storages.outline.facts(&entry))?;
        self.storages.outline.entry(entry)
    }

    fn parameter(
        &mut self,
        id: NodeId,
        tensor: &'t TensorNode<'t>,
        data: Entry<'t>,
    ) -> Result<(), WriteError> {
        self.enter(id)?;
        let function = match tensor.attributes {
            Some(_) => "_rebuild_parameter_with_state",
            None => "_rebuild_parameter",
        };
        self.pickler.global("torch._utils", function);
        if tensor.attributes.is_some() {
            self.pickler.encoder.mark();
        }
        self.pickler.rebuild_function(data.storage, data.dtype);
        self.arguments(data)?;
        // The tensor within, an object that nothing else has.
        self.pickler.encoder.reduce();
        let tail = Step::ParameterTail(tensor.view.requires_grad());
        match tensor.attributes {
            Some(attributes) => self.then([
                tail,
                Step::Value(attributes),
                Step::Tuple(4),
                Step::Call(id, Call::Reduce),
            ]),
            None => self.then([tail, Step::Tuple(3), Step::Call(id, Call::Reduce)]),
        }
        Ok(())
    }
}

/// The same number in at least 16 bytes; exactly 16 where that will do.
fn widened(bytes: &[u8]) -> Vec<u8> {
    let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = bytes.to_vec();
    wide.resize(bytes.len().max(16), fill);
    wide
}
