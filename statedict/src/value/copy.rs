//! Values of one graph copied into another: which are one object stays as it is.

use foldhash::{HashMap, HashMapExt};

use crate::tensor::Storage;
use crate::value::build::room;
use crate::value::id::ValueId;
use crate::value::raw::{
    Composite, Device, Extra, Global, Identity, NumPy, Object, Raw, Run, TensorNode, Text,
};
use crate::value::store::{Graph, KEPT};

/// The copies of the values of one graph.
#[derive(Default)]
pub(crate) struct Copies(HashMap<Identity, Raw>);

impl Copies {
    pub(crate) fn new() -> Self {
        Copies(HashMap::new())
    }

    /// Says what takes the place of a value.
    pub(crate) fn insert(&mut self, value: ValueId, copy: ValueId) {
        if let Some(identity) = value.0.identity() {
            self.0.insert(identity, copy.0);
        }
    }
}

impl<'a> Graph<'a> {
    /// Adds a copy of a value of another graph, with all it has as parts. What is one object in it is one in the
    /// copy, and so are interned strings with those of this graph; tensors are views of the same storages.
    ///
    /// ```
    /// use statedict::value::Graph;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Graph::new();
    /// config.set(config.root().value_id(), "lr", 0.5)?;
    ///
    /// let mut graph = Graph::new();
    /// let copy = graph.copy_from(&config, config.root().value_id());
    /// graph.put(graph.root().value_id(), "config", copy)?;
    /// assert!(graph.at(&["config", "lr"]).is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_from(&mut self, other: &Graph<'a>, value: ValueId) -> ValueId {
        self.copy_known(other, value, &mut Copies::new())
    }

    /// As [`copy_from`](Self::copy_from), where some values of `other` have a copy in this graph already; those
    /// that are copied are noted.
    pub(crate) fn copy_known(
        &mut self,
        other: &Graph<'a>,
        value: ValueId,
        known: &mut Copies,
    ) -> ValueId {
        let storage = Ok::<_, std::convert::Infallible>;
        match self.copy_with(other, value, known, storage) {
            Ok(copy) => copy,
            Err(never) => match never {},
        }
    }

    /// A graph of this value alone, with all it has as parts.
    pub fn part(&self, value: ValueId) -> Graph<'a> {
        let mut graph = Graph::of(());
        let root = graph.copy_from(self, value);
        graph.set_root(root);
        graph
    }

    /// As [`copy_known`](Self::copy_known), of a graph with other storages.
    pub(super) fn copy_with<'b, E>(
        &mut self,
        other: &Graph<'b>,
        value: ValueId,
        known: &mut Copies,
        storage: impl FnMut(Storage<'b>) -> Result<Storage<'a>, E>,
    ) -> Result<ValueId, E> {
        let mut copying = Copying { from: other, to: self, known, todo: Vec::new(), storage };
        let copy = copying.copy(value.0)?;
        while let Some((from, to)) = copying.todo.pop() {
            copying.fill(from, to)?;
        }
        let copies = |text| match known.0.get(&Raw::Str(text).identity()?) {
            Some(&Raw::Str(copy)) => Some(copy),
            _ => None,
        };
        self.copy_constants(other, copies);
        Ok(ValueId(copy))
    }
}

struct Copying<'c, 'a, 'b, S> {
    from: &'c Graph<'b>,
    to: &'c mut Graph<'a>,
    known: &'c mut Copies,
    /// Values and their copies, which lack their parts.
    todo: Vec<(Raw, Raw)>,
    storage: S,
}

impl<'a, 'b, E, S: FnMut(Storage<'b>) -> Result<Storage<'a>, E>> Copying<'_, 'a, 'b, S> {
    /// The copy of a value, which may have to wait for its parts.
    fn copy(&mut self, value: Raw) -> Result<Raw, E> {
        let identity = value.identity();
        if let Some(&known) = identity.and_then(|identity| self.known.0.get(&identity)) {
            return Ok(known);
        }
        let copy = self.shell(value)?;
        if let Some(identity) = identity {
            self.known.0.insert(identity, copy);
            if has_parts(value) {
                self.todo.push((value, copy));
            }
        }
        Ok(copy)
    }

    /// A copy without its parts.
    fn shell(&mut self, value: Raw) -> Result<Raw, E> {
        let from = self.from;
        Ok(match value {
            Raw::None | Raw::Bool(_) | Raw::Int(_) | Raw::Float(_) | Raw::DType(_) => value,
            Raw::BigInt(text) => Raw::BigInt(self.content(text)),
            Raw::Str(text) if from.is_key(text) => self.to.key(from.str(text)).0,
            Raw::Str(text) => Raw::Str(self.content(text)),
            Raw::Surrogates(text) => Raw::Surrogates(self.content(text)),
            Raw::Bytes(text) => Raw::Bytes(self.bytes(text)?),
            Raw::ByteArray(text) => Raw::ByteArray(self.bytes(text)?),
            Raw::Layout(text) => Raw::Layout(self.content(text)),
            Raw::Complex(index) => {
                let (re, im) = from.complex(index).expect(KEPT);
                room(self.to.add_complex(re, im))
            }
            Raw::Tuple(run) => Raw::Tuple(self.room_for(run)),
            Raw::Size(run) if run.len == 0 => room(self.to.empty_size()),
            Raw::Size(run) => Raw::Size(self.room_for(run)),
            Raw::Container(index) => {
                room(self.to.add_container(from.container(index).expect(KEPT).kind))
            }
            Raw::Object(index) => room(self.to.add_object(from.object(index).expect(KEPT))),
            Raw::Tensor(index) => self.tensor(from.tensor(index).expect(KEPT))?,
            Raw::Storage(storage, dtype) => {
                let storage = (self.storage)(from.storage(storage))?;
                Raw::Storage(room(self.to.insert_storage(storage)), dtype)
            }
            Raw::Device(index) => {
                let device = from.device(index).expect(KEPT);
                let Raw::Str(kind) = self.copy(Raw::Str(device.kind))? else {
                    unreachable!("invariant: the copy of a str is a str")
                };
                room(self.to.add_device(Device { kind, index: device.index }))
            }
            Raw::Global(index) => {
                let global = from.global_name(index).expect(KEPT);
                let (module, name) = (self.content(global.module), self.content(global.name));
                room(self.to.add_global(Global { module, name }))
            }
            Raw::Composite(index) => {
                let composite = match from.composite(index).expect(KEPT) {
                    Composite::Sparse { layout, size, parts, coalesced } => Composite::Sparse {
                        layout: self.content(layout),
                        size: self.room_for(size),
                        parts: self.room_for(parts),
                        coalesced,
                    },
                    Composite::Quantized { tensor, parameters } => {
                        let Raw::Tensor(tensor) = self.copy(Raw::Tensor(tensor))? else {
                            unreachable!("invariant: the copy of a tensor is a tensor")
                        };
                        Composite::Quantized { tensor, parameters: self.room_for(parameters) }
                    }
                };
                room(self.to.add_composite(composite))
            }
            Raw::NumPy(index) => {
                let value = from.numpy(index).expect(KEPT);
                let (code, order) = (self.content(value.code), self.content(value.order));
                room(self.to.add_numpy(NumPy { code, order, ..value }))
            }
            Raw::Refused(index) => {
                room(self.to.add_refusal(from.refusal(index).expect(KEPT).clone()))
            }
        })
    }

    fn content(&mut self, text: Text) -> Text {
        self.to.add_content(self.from.text(text))
    }

    fn bytes(&mut self, bytes: Text) -> Result<Text, E> {
        let copy = self.content(bytes);
        if let Some(text) = self.from.text_of(bytes)
            && let Raw::Str(text) = self.copy(Raw::Str(text))?
        {
            room(self.to.note_encoded(copy, text));
        }
        Ok(copy)
    }

    fn tensor(&mut self, node: TensorNode) -> Result<Raw, E> {
        let (sizes, strides) = self.from.dims(node);
        let storage = (self.storage)(self.from.storage(node.storage))?;
        let storage = room(self.to.insert_storage(storage));
        Ok(room(self.to.add_tensor(TensorNode { storage, ..node }, sizes, strides)))
    }

    /// A run of as many values, which are still to be copied.
    fn room_for(&mut self, run: Run) -> Run {
        room(self.to.add_run(&vec![Raw::None; run.len as usize]))
    }

    fn copy_all(&mut self, run: Run) -> Result<Vec<Raw>, E> {
        self.from.run(run).iter().map(|&value| self.copy(value)).collect()
    }

    fn fill_run(&mut self, from: Run, to: Run) -> Result<(), E> {
        let values = self.copy_all(from)?;
        if !values.is_empty() {
            self.to.run_mut(to).copy_from_slice(&values);
        }
        Ok(())
    }

    /// Copies the parts of a value.
    fn fill(&mut self, value: Raw, copy: Raw) -> Result<(), E> {
        let from = self.from;
        match (value, copy) {
            (Raw::Tuple(run), Raw::Tuple(to)) | (Raw::Size(run), Raw::Size(to)) => {
                self.fill_run(run, to)?;
            }
            (Raw::Container(index), Raw::Container(to)) => {
                let values = self.copy_all(from.container(index).expect(KEPT).run)?;
                self.to.extend_raw(copy, &values);
                if let Some(Extra { attributes, factory }) = from.extra(index) {
                    let (attributes, factory) = (self.copy(attributes)?, self.copy(factory)?);
                    room(self.to.set_extra(to, Extra { attributes, factory }));
                }
            }
            (Raw::Object(index), Raw::Object(to)) => {
                let object = from.object(index).expect(KEPT);
                let object = Object {
                    class: self.copy(object.class)?,
                    args: self.copy(object.args)?,
                    kwargs: self.copy(object.kwargs)?,
                    state: self.copy(object.state)?,
                    items: self.copy(object.items)?,
                    entries: self.copy(object.entries)?,
                    new: object.new,
                };
                self.to.set_object(to, object);
            }
            (Raw::Tensor(index), Raw::Tensor(to)) => {
                if let Some(attributes) = from.tensor_attributes(index) {
                    let attributes = self.copy(attributes)?;
                    room(self.to.set_tensor_attributes(to, attributes));
                }
            }
            (Raw::Composite(index), Raw::Composite(to)) => {
                match (from.composite(index).expect(KEPT), self.to.composite(to).expect(KEPT)) {
                    (
                        Composite::Sparse { size, parts, .. },
                        Composite::Sparse { size: to_size, parts: to_parts, .. },
                    ) => {
                        self.fill_run(size, to_size)?;
                        self.fill_run(parts, to_parts)?;
                    }
                    (
                        Composite::Quantized { parameters, .. },
                        Composite::Quantized { parameters: to, .. },
                    ) => self.fill_run(parameters, to)?,
                    _ => unreachable!("invariant: a copy is of the same kind"),
                }
            }
            (Raw::NumPy(index), Raw::NumPy(to)) => {
                let known = self.to.numpy(to).expect(KEPT);
                let value = from.numpy(index).expect(KEPT);
                let value = NumPy {
                    dtype: self.copy(value.dtype)?,
                    shape: self.copy(value.shape)?,
                    axes: self.copy(value.axes)?,
                    data: self.copy(value.data)?,
                    ..known
                };
                self.to.set_numpy(to, value);
            }
            _ => {}
        }
        if let Some(made) = from.made_by(value) {
            let (function, args) = (self.copy(made.function)?, self.copy(made.args)?);
            let state = self.copy(made.state)?;
            room(self.to.note_call(copy, function, args));
            self.to.note_state(copy, state);
        }
        Ok(())
    }
}

fn has_parts(value: Raw) -> bool {
    !matches!(
        value,
        Raw::Str(_)
            | Raw::Surrogates(_)
            | Raw::Bytes(_)
            | Raw::ByteArray(_)
            | Raw::Complex(_)
            | Raw::Device(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_object_stays_one_and_may_contain_itself() {
        let mut one = Graph::new();
        let root = one.root().value_id();
        let list = one.list([]);
        let shared = one.add("shared");
        for item in [list, shared, shared] {
            one.push(list, item).unwrap();
        }
        one.put(root, "list", list).unwrap();
        one.put(root, "again", list).unwrap();

        let mut two = Graph::new();
        two.set(two.root().value_id(), "list", 1).unwrap();
        let key = two.key("list");
        let copy = two.copy_from(&one, root);
        assert_eq!(two.find(copy, "list"), two.find(copy, "again"));
        let list = two.find(copy, "list").unwrap();
        let items = two.get(list).as_items().unwrap();
        let ids: Vec<ValueId> = items.iter().map(|item| item.value_id()).collect();
        assert_eq!((ids[0], ids[1]), (list, ids[2]));
        let (first, _) = two.get(copy).as_dict().unwrap().get_index(0).unwrap();
        assert_eq!(first.value_id(), key);
    }

    #[test]
    fn a_tuple_that_contains_itself_by_way_of_a_list_is_copied() {
        let mut one = Graph::new();
        let list = one.list([]);
        let tuple = one.tuple([list]);
        one.push(list, tuple).unwrap();
        let two = one.part(tuple);
        let inner = two.root().as_items().unwrap().get(0).unwrap().as_items().unwrap();
        assert!(inner.get(0).unwrap().same_as(two.root()));
    }
}
