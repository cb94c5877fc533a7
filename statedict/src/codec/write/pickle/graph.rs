//! The pickle of any graph of values, with CPython's numbering of the memo.
//!
//! Iterative: what is to be written is a stack of steps, so that no value nests too deep.

use foldhash::{HashMap, HashMapExt};

use crate::codec::write::error::WriteError;
use crate::codec::write::facts::Facts;
use crate::codec::write::from_graph::GraphStorages;
use crate::codec::write::pickle::batches::{Batches, Rule};
use crate::codec::write::pickle::converted::is_converted;
use crate::codec::write::pickle::encoder::{Call, Encoder, Memo};
use crate::codec::write::pickle::pickler::{Pickler, StorageNames};
use crate::codec::write::pickle::steps::{Part, Step, batches};
use crate::value::Graph;
use crate::value::raw::{ContainerKind, Identity, Object, Raw, Run};

/// An integer of more bytes is written twice at most.
const LONG: usize = 64;

/// The pickle of a graph, and its storages in the order in which they were met.
pub(in crate::codec::write) fn graph<'g>(
    graph: &'g Graph<'g>,
    storages: &mut GraphStorages<'g>,
    names: StorageNames<'_>,
) -> Result<Vec<u8>, WriteError> {
    let mut pickler = GraphPickler {
        pickler: Pickler::new(Encoder::new(graph.size() + 256), 0, names),
        graph,
        storages,
        memo: HashMap::new(),
        classes: HashMap::new(),
        integers: HashMap::new(),
        open: HashMap::new(),
        path: Vec::new(),
        steps: vec![Step::Value(graph.root_raw())],
    };
    while let Some(step) = pickler.steps.pop() {
        pickler.step(step)?;
    }
    pickler.pickler.finish()
}

pub(super) struct GraphPickler<'p, 'g> {
    pub(super) pickler: Pickler<'p>,
    pub(super) graph: &'g Graph<'g>,
    storages: &'p mut GraphStorages<'g>,
    /// The place in the memo of each value that has one.
    pub(super) memo: HashMap<Identity, Memo>,
    /// The place in the memo of each class or function, by its number.
    classes: HashMap<u32, Memo>,
    /// Where the long integers are that were written, and the place in the memo of each that was written twice.
    pub(super) integers: HashMap<u32, Option<Memo>>,
    /// Values of which the parts are being written before they are in the memo, and how many were in it then.
    open: HashMap<Identity, usize>,
    /// The keys that lead to the value that is being written.
    path: Vec<Raw>,
    steps: Vec<Step>,
}

impl<'g> GraphPickler<'_, 'g> {
    fn known(&self, value: Raw) -> Option<Memo> {
        self.memo.get(&value.identity()?).copied()
    }

    pub(super) fn remember(&mut self, value: Raw, memo: Memo) {
        if let Some(identity) = value.identity() {
            self.memo.insert(identity, memo);
        }
    }

    fn close(&mut self, value: Raw) {
        if let Some(identity) = value.identity() {
            self.open.remove(&identity);
        }
    }

    fn step(&mut self, step: Step) -> Result<(), WriteError> {
        match step {
            Step::Value(id) => return self.value(id),
            Step::Mark => self.pickler.encoder.mark(),
            Step::Tuple(len) => drop(self.pickler.encoder.tuple_of(len)),
            Step::TupleFromMark => drop(self.pickler.encoder.tuple()),
            Step::TupleValue(id, len) => {
                // One of its parts had it as a part: it is there already.
                if let Some(memo) = self.known(id) {
                    self.pickler.encoder.discard_elements(len);
                    self.pickler.encoder.get(memo);
                } else {
                    let memo = self.pickler.encoder.tuple_of(len);
                    self.remember(id, memo);
                }
                self.close(id);
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
                self.close(id);
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
    fn then_elements(&mut self, elements: &[Raw]) {
        self.steps.extend(elements.iter().rev().map(|&id| Step::Value(id)));
        if elements.len() > 3 {
            self.steps.push(Step::Mark);
        }
    }

    /// Refuses a value that has itself as a part, with nothing between that could be named.
    fn enter(&mut self, value: Raw) -> Result<(), WriteError> {
        let named = self.memo.len();
        let again = value.identity().and_then(|identity| self.open.insert(identity, named));
        if again == Some(named) {
            return Err(self.unwritable("contains itself in a way that Python does not allow"));
        }
        Ok(())
    }

    pub(super) fn value(&mut self, value: Raw) -> Result<(), WriteError> {
        if let Some(memo) = self.known(value) {
            self.pickler.encoder.get(memo);
            return Ok(());
        }
        let graph = self.graph;
        match value {
            Raw::None => self.pickler.encoder.none(),
            Raw::Bool(value) => self.pickler.encoder.bool(value),
            Raw::Int(value) => self.pickler.encoder.int(value),
            Raw::BigInt(text) => {
                let bytes = graph.text(text);
                match <[u8; 16]>::try_from(widened(bytes)) {
                    Ok(bytes) => self.pickler.encoder.int(i128::from_le_bytes(bytes)),
                    Err(_) if bytes.len() <= LONG => self.pickler.encoder.long(bytes),
                    Err(_) => self.long_integer(text, bytes),
                }
            }
            Raw::Float(value) => self.pickler.encoder.float(value),
            Raw::Complex(index) => {
                let (re, im) = self.of_the_graph(graph.complex(index))?;
                self.pickler.global("__builtin__", "complex");
                self.pickler.encoder.float(re);
                self.pickler.encoder.float(im);
                self.pickler.encoder.tuple_of(2);
                self.reduce(value);
            }
            Raw::Str(text) => self.str(value, text)?,
            Raw::Surrogates(text) => {
                let memo = self.pickler.encoder.utf8(graph.text(text));
                self.remember(value, memo);
            }
            Raw::Bytes(bytes) => {
                let memo = self.bytes(bytes)?;
                self.remember(value, memo);
            }
            Raw::ByteArray(bytes) => self.byte_array(value, bytes)?,
            Raw::Tuple(run) if run.len == 0 => self.pickler.encoder.empty_tuple(),
            Raw::Tuple(run) => {
                let elements = graph.run(run);
                self.enter(value)?;
                self.then([Step::TupleValue(value, elements.len())]);
                self.then_elements(elements);
            }
            Raw::Size(run) => {
                self.enter(value)?;
                self.pickler.global("torch", "Size");
                self.then([Step::Tuple(1), Step::Call(value, Call::Reduce)]);
                if run.len == 0 {
                    self.pickler.encoder.empty_tuple();
                } else {
                    let elements = graph.run(run);
                    self.then([Step::Tuple(elements.len())]);
                    self.then_elements(elements);
                }
            }
            Raw::Container(index) => self.container(value, index)?,
            Raw::Tensor(index) => self.tensor(value, index)?,
            Raw::Storage(_, None) if self.pickler.is_legacy() => {
                return Err(self.unwritable(
                    "is an untyped storage, which PyTorch cannot read back from its old format",
                ));
            }
            Raw::Storage(storage, dtype) => {
                let storage = graph.storage(storage);
                let facts = self.storages.bare(&self.path, &storage, dtype)?;
                self.pickler.persistent_id(dtype, facts);
            }
            Raw::DType(dtype) => {
                self.pickler.global("torch", dtype.name());
            }
            Raw::Device(index) => {
                let device = self.of_the_graph(graph.device(index))?;
                self.enter(value)?;
                self.pickler.global("torch", "device");
                self.value(Raw::Str(device.kind))?;
                let len = match device.index {
                    Some(index) => {
                        self.pickler.encoder.int(index);
                        2
                    }
                    None => 1,
                };
                self.pickler.encoder.tuple_of(len);
                self.then([Step::Call(value, Call::Reduce)]);
            }
            Raw::Layout(name) => self.pickler.layout(graph.str(name)),
            Raw::Global(index) => {
                if let Some(&memo) = self.classes.get(&index) {
                    self.pickler.encoder.get(memo);
                    return Ok(());
                }
                let global = self.of_the_graph(graph.global_name(index))?;
                let memo = self.pickler.global(graph.str(global.module), graph.str(global.name));
                self.classes.insert(index, memo);
            }
            Raw::Composite(index) if self.pickler.is_legacy() && is_converted(graph, index) => {
                return Err(self.unwritable(
                    "has parts that PyTorch converts before it reads their elements from its old format",
                ));
            }
            Raw::Object(_) | Raw::Composite(_) | Raw::NumPy(_) | Raw::Refused(_) => {
                match graph.made(value) {
                    Some(object) => self.object(value, object)?,
                    None => {
                        return Err(self.unwritable("is a tensor that could not be read whole"));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn unwritable(&self, reason: &'static str) -> WriteError {
        WriteError::Unwritable { key: self.storages.path_name(&self.path), reason }
    }

    /// Returns what a value of the graph has; an id of another graph leads nowhere.
    fn of_the_graph<T>(&self, found: Option<T>) -> Result<T, WriteError> {
        found.ok_or_else(|| self.unwritable("is of another graph"))
    }

    /// Calls what is below the arguments on top.
    fn reduce(&mut self, id: Raw) {
        let memo = self.pickler.encoder.reduce();
        self.remember(id, memo);
    }

    fn set(&mut self, value: Raw, class: &'static str, items: Run) -> Result<(), WriteError> {
        self.enter(value)?;
        self.pickler.global("__builtin__", class);
        self.pickler.encoder.empty_list();
        self.then([
            Step::Fill(value, Part::Items, batches(Rule::List, items, Part::Items)),
            Step::Tuple(1),
            Step::Call(value, Call::Reduce),
        ]);
        Ok(())
    }

    fn container(&mut self, value: Raw, index: u32) -> Result<(), WriteError> {
        let container = self.of_the_graph(self.graph.container(index))?;
        let (run, extra) = (container.run, self.graph.extra(index));
        let fill = |rule| Step::Fill(value, Part::Entries, batches(rule, run, Part::Entries));
        let some = |part: Raw| (part != Raw::None).then_some(part);
        if let Some(attributes) = extra.and_then(|extra| some(extra.attributes)) {
            self.then([Step::Value(attributes), Step::Build]);
        }
        match container.kind {
            ContainerKind::List => {
                let memo = self.pickler.encoder.empty_list();
                self.remember(value, memo);
                let batches = batches(Rule::List, run, Part::Items);
                self.then([Step::Fill(value, Part::Items, batches)]);
            }
            ContainerKind::Set => self.set(value, "set", run)?,
            ContainerKind::FrozenSet => self.set(value, "frozenset", run)?,
            ContainerKind::Dict => {
                let memo = self.pickler.encoder.empty_dict();
                self.remember(value, memo);
                self.then([fill(Rule::Dict)]);
            }
            ContainerKind::OrderedDict => {
                let memo = self.pickler.ordered_dict();
                self.remember(value, memo);
                self.then([fill(Rule::Iterated)]);
            }
            ContainerKind::Counter => {
                self.enter(value)?;
                self.pickler.global("collections", "Counter");
                self.pickler.encoder.empty_dict();
                self.then([fill(Rule::Dict), Step::Tuple(1), Step::Call(value, Call::Reduce)]);
            }
            ContainerKind::DefaultDict => {
                self.enter(value)?;
                self.pickler.global("collections", "defaultdict");
                self.then([Step::Call(value, Call::Reduce), fill(Rule::Iterated)]);
                match extra.and_then(|extra| some(extra.factory)) {
                    Some(factory) => self.then([Step::Value(factory), Step::Tuple(1)]),
                    None => self.pickler.encoder.empty_tuple(),
                }
            }
        }
        Ok(())
    }

    /// Checks that a function makes a nested tensor, of sizes that the old format fills in later.
    fn is_nested_tensor(&self, function: Raw) -> bool {
        let Raw::Global(index) = function else { return false };
        self.graph.global_name(index).is_some_and(|name| {
            self.graph.text(name.name) == b"_rebuild_nested_tensor"
                && self.graph.text(name.module) == b"torch._utils"
        })
    }

    fn object(&mut self, value: Raw, object: Object) -> Result<(), WriteError> {
        if object.kwargs != Raw::None {
            return Err(self.unwritable(
                "is an object made with arguments by name, which protocol 2 does not have",
            ));
        }
        if self.pickler.is_legacy() && self.is_nested_tensor(object.class) {
            return Err(self.unwritable(
                "is a nested tensor, which PyTorch cannot read back from its old format",
            ));
        }
        self.enter(value)?;
        if object.state != Raw::None {
            self.then([Step::Value(object.state), Step::Build]);
        }
        let call = if object.new { Call::New } else { Call::Reduce };
        let fill = |container, part| {
            let run = self.graph.run_of(container);
            Step::Fill(container, part, batches(Rule::Iterated, run, part))
        };
        let (items, entries) =
            (fill(object.items, Part::Items), fill(object.entries, Part::Entries));
        self.then([
            Step::Value(object.class),
            Step::Value(object.args),
            Step::Call(value, call),
            items,
            entries,
        ]);
        Ok(())
    }

    /// One batch of what a container is filled with; the next follows it.
    fn fill(&mut self, container: Raw, part: Part, mut batches: Batches) {
        let at = batches.at();
        let Some(batch) = batches.next() else { return };
        if !batch.bare {
            self.pickler.encoder.mark();
        }
        let dict = part == Part::Entries;
        self.then([Step::EndFill { dict, bare: batch.bare }, Step::Fill(container, part, batches)]);
        let values = self.graph.run(self.graph.run_of(container));
        let range = at..at + batch.len;
        if dict {
            let (entries, _) = values.as_chunks::<2>();
            for &[key, value] in entries.get(range).unwrap_or_default().iter().rev() {
                self.then([Step::Value(key), Step::Enter(key), Step::Value(value), Step::Leave]);
            }
        } else {
            let items = values.get(range).unwrap_or_default();
            self.steps.extend(items.iter().rev().map(|&item| Step::Value(item)));
        }
    }

    fn tensor(&mut self, value: Raw, index: u32) -> Result<(), WriteError> {
        let node = self.of_the_graph(self.graph.tensor(index))?;
        let view = self.of_the_graph(self.graph.view(node))?;
        let attributes = self.graph.tensor_attributes(index);
        let mut facts = self.storages.tensor(&self.path, &view)?;
        if node.flags.parameter {
            facts.requires_grad = false;
            self.parameter(value, view.requires_grad(), attributes, &facts)
        } else if let Some(attributes) = attributes {
            self.enter(value)?;
            self.pickler.global("torch._tensor", "_rebuild_from_type_v2");
            self.pickler.encoder.mark();
            self.pickler.rebuild_function(&facts);
            self.pickler.global("torch", "Tensor");
            self.pickler.tensor_arguments(&facts)?;
            let call = Step::Call(value, Call::Reduce);
            self.then([Step::Value(attributes), Step::TupleFromMark, call]);
            Ok(())
        } else {
            self.pickler.rebuild_function(&facts);
            self.pickler.tensor_arguments(&facts)?;
            self.reduce(value);
            Ok(())
        }
    }

    fn parameter(
        &mut self,
        value: Raw,
        requires_grad: bool,
        attributes: Option<Raw>,
        data: &Facts<'_>,
    ) -> Result<(), WriteError> {
        self.enter(value)?;
        let function = match attributes {
            Some(_) => "_rebuild_parameter_with_state",
            None => "_rebuild_parameter",
        };
        self.pickler.global("torch._utils", function);
        if attributes.is_some() {
            self.pickler.encoder.mark();
        }
        self.pickler.rebuild_function(data);
        self.pickler.tensor_arguments(data)?;
        // The tensor within, an object that nothing else has.
        self.pickler.encoder.reduce();
        let (tail, call) = (Step::ParameterTail(requires_grad), Step::Call(value, Call::Reduce));
        match attributes {
            Some(attributes) => self.then([tail, Step::Value(attributes), Step::Tuple(4), call]),
            None => self.then([tail, Step::Tuple(3), call]),
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
