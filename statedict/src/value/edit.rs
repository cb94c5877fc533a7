//! Building values, and changing those of a file.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};
use crate::value::absent::AbsentStorages;
use crate::value::graph::{Full, Graph};
use crate::value::handle::Value;
use crate::value::integer;
use crate::value::parts::DictKind;
use crate::value::raw::{
    ContainerKind, Device, Extra, Global, Identity, Object, Raw, StorageRef, TensorFlags,
    TensorNode, Text,
};

/// Which value of a [`Graph`] is meant, for changing it or putting it somewhere.
///
/// It means one object, as in Python: a list that is put into two dicts is one list, and is written once. Two ids
/// are equal if they mean one object; those of numbers are if the numbers are equal. An id is good for the graph
/// that gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueId(pub(crate) Raw);

impl ValueId {
    /// The value `None`, which is the same in all graphs.
    pub const NONE: ValueId = ValueId(Raw::None);

    pub(crate) fn identity(self) -> Option<Identity> {
        self.0.identity()
    }
}

/// A value without parts that is to be added to a [`Graph`].
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum NewValue<'a> {
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
    /// A tensor.
    Tensor(TensorView<'a>),
    /// A `torch.nn.Parameter`.
    Parameter(TensorView<'a>),
    /// A storage by itself, of elements of a type or (`None`) untyped.
    Storage(Storage<'a>, Option<DType>),
    /// A `torch.dtype`.
    DType(DType),
    /// A `torch.device`.
    Device {
        /// The kind of device: `"cuda"`.
        kind: Cow<'a, str>,
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
}

macro_rules! from {
    ($($from:ty => |$value:ident| $new:expr),* $(,)?) => {
        $(impl<'a> From<$from> for NewValue<'a> {
            fn from($value: $from) -> Self {
                $new
            }
        })*
    };
}

from! {
    () => |_unit| NewValue::None,
    bool => |value| NewValue::Bool(value),
    i32 => |value| NewValue::Int(value.into()),
    u32 => |value| NewValue::Int(value.into()),
    i64 => |value| NewValue::Int(value),
    u64 => |value| NewValue::BigInt(i128::from(value).to_le_bytes().to_vec().into()),
    f64 => |value| NewValue::Float(value),
    &'a str => |value| NewValue::Str(value.into()),
    String => |value| NewValue::Str(value.into()),
    DType => |value| NewValue::DType(value),
    TensorView<'a> => |view| NewValue::Tensor(view),
}

/// A value has no place for what was to be put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAContainer {
    /// What it would have to be.
    pub expected: &'static str,
}

impl fmt::Display for NotAContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value is not {}", self.expected)
    }
}

impl std::error::Error for NotAContainer {}

/// The result of adding to a graph, which is documented to panic where it is full.
pub(super) fn room<T>(added: Result<T, Full>) -> T {
    added.expect("a graph holds at most 2^32 values and 4 GiB of text")
}

impl<'a> Graph<'a> {
    /// A graph that holds an empty dict.
    pub fn new() -> Self {
        let mut graph = Graph::of(());
        let root = graph.dict();
        graph.set_root(root);
        graph
    }

    /// A graph that holds one value without parts; `()` is `None`.
    ///
    /// ```
    /// use statedict::value::Graph;
    ///
    /// assert_eq!(Graph::of(5).root().as_i64(), Some(5));
    /// ```
    pub fn of(value: impl Into<NewValue<'a>>) -> Self {
        let mut graph = Graph::over(Arc::new([]));
        let root = graph.add(value);
        graph.set_root(root);
        graph
    }

    /// Sets the value that the file will hold.
    pub fn set_root(&mut self, root: ValueId) {
        self.set_root_raw(root.0);
    }

    /// The value that is meant.
    pub fn get(&self, id: ValueId) -> Value<'_> {
        Value::new(self, id.0)
    }

    /// Adds a value, which belongs nowhere until it is put somewhere.
    ///
    /// # Panics
    /// Here, and wherever a graph is added to: at more than 2^32 values or 4 GiB of text.
    pub fn add(&mut self, value: impl Into<NewValue<'a>>) -> ValueId {
        ValueId(match value.into() {
            NewValue::None => Raw::None,
            NewValue::Bool(value) => Raw::Bool(value),
            NewValue::Int(value) => Raw::Int(value),
            NewValue::BigInt(bytes) => match integer::small_from_le(&bytes) {
                Some(value) => Raw::Int(value),
                None => Raw::BigInt(self.add_content(&bytes)),
            },
            NewValue::Float(value) => Raw::Float(value),
            NewValue::Complex { re, im } => room(self.add_complex(re, im)),
            NewValue::Str(text) => Raw::Str(self.add_content(text.as_bytes())),
            NewValue::Bytes(bytes) => Raw::Bytes(self.add_content(&bytes)),
            NewValue::ByteArray(bytes) => Raw::ByteArray(self.add_content(&bytes)),
            NewValue::Tensor(view) => self.add_view(view, false),
            NewValue::Parameter(view) => self.add_view(view, true),
            NewValue::Storage(storage, dtype) => {
                Raw::Storage(room(self.insert_storage(storage)), dtype)
            }
            NewValue::DType(dtype) => Raw::DType(dtype),
            NewValue::Device { kind, index } => {
                let kind = self.add_content(kind.as_bytes());
                room(self.add_device(Device { kind, index }))
            }
            NewValue::Layout(name) => Raw::Layout(self.add_content(name.as_bytes())),
            NewValue::Global { module, name } => {
                let module = self.add_content(module.as_bytes());
                let name = self.add_content(name.as_bytes());
                room(self.add_global(Global { module, name }))
            }
        })
    }

    pub(super) fn add_str(&mut self, text: &str) -> ValueId {
        ValueId(Raw::Str(self.add_content(text.as_bytes())))
    }

    /// Text with a place of its own, which is its identity: not even empty text shares it.
    pub(super) fn add_content(&mut self, content: &[u8]) -> Text {
        let text = room(self.add_bytes(content));
        if content.is_empty() {
            room(self.add_bytes(&[0]));
        }
        text
    }

    fn add_view(&mut self, view: TensorView<'a>, parameter: bool) -> Raw {
        const SIZES: &str = "invariant: the sizes and strides of a view are within i64";
        let sizes: Vec<i64> =
            view.shape().iter().map(|&size| i64::try_from(size).expect(SIZES)).collect();
        let own = view.own_strides().map_or(&[][..], |strides| strides);
        let strides: Vec<i64> =
            own.iter().map(|&stride| i64::try_from(stride).expect(SIZES)).collect();
        let flags = TensorFlags {
            requires_grad: view.requires_grad(),
            conj: view.is_conj(),
            neg: view.is_neg(),
            parameter,
            strided: view.own_strides().is_some(),
        };
        let storage = room(self.insert_storage(view.storage().clone()));
        let (offset, dtype) = (view.storage_offset(), view.dtype());
        let node = TensorNode { offset, storage, dims: 0, rank: 0, dtype, flags };
        room(self.add_tensor(node, &sizes, &strides))
    }

    /// The interned string `text`: one object, however often it is asked for. Keys that stand in a program's
    /// text are such, and so are attributes' names.
    pub fn key(&mut self, text: &str) -> ValueId {
        let known = self.interned.get(text).copied();
        ValueId(Raw::Str(known.unwrap_or_else(|| {
            let new = self.add_content(text.as_bytes());
            self.interned.insert(text.into(), new);
            new
        })))
    }

    /// A container of the given values.
    fn container_of(
        &mut self,
        kind: ContainerKind,
        values: impl IntoIterator<Item = ValueId>,
    ) -> ValueId {
        let values: Vec<Raw> = values.into_iter().map(|value| value.0).collect();
        let container = room(self.add_container(kind));
        self.extend_raw(container, &values);
        ValueId(container)
    }

    pub(super) fn extend_raw(&mut self, container: Raw, values: &[Raw]) {
        if let Raw::Container(index) = container {
            room(self.extend(index, values));
        }
    }

    /// A `list`.
    pub fn list(&mut self, items: impl IntoIterator<Item = ValueId>) -> ValueId {
        self.container_of(ContainerKind::List, items)
    }

    /// A `set`, in the order in which it is written.
    pub fn set_of(&mut self, items: impl IntoIterator<Item = ValueId>) -> ValueId {
        self.container_of(ContainerKind::Set, items)
    }

    /// A `frozenset`, in the order in which it is written.
    pub fn frozen_set(&mut self, items: impl IntoIterator<Item = ValueId>) -> ValueId {
        self.container_of(ContainerKind::FrozenSet, items)
    }

    /// A `tuple`.
    pub fn tuple(&mut self, items: impl IntoIterator<Item = ValueId>) -> ValueId {
        let items: Vec<Raw> = items.into_iter().map(|item| item.0).collect();
        ValueId(Raw::Tuple(room(self.add_run(&items))))
    }

    /// A `torch.Size`.
    pub fn torch_size(&mut self, sizes: impl IntoIterator<Item = ValueId>) -> ValueId {
        match self.tuple(sizes).0 {
            Raw::Tuple(run) if run.len > 0 => ValueId(Raw::Size(run)),
            _ => ValueId(room(self.empty_size())),
        }
    }

    /// An empty `dict`; [`set`](Self::set) and [`put`](Self::put) fill it.
    pub fn dict(&mut self) -> ValueId {
        self.dict_of(DictKind::Dict)
    }

    /// An empty dict of any kind.
    pub fn dict_of(&mut self, kind: DictKind) -> ValueId {
        self.container_of(kind.container(), [])
    }

    /// A `dict` of keys and values. The keys should differ.
    pub fn dict_with(&mut self, entries: impl IntoIterator<Item = (ValueId, ValueId)>) -> ValueId {
        let values = entries.into_iter().flat_map(|(key, value)| [key, value]);
        self.container_of(ContainerKind::Dict, values)
    }

    /// A `torch.nn.Parameter`.
    pub fn parameter(&mut self, view: TensorView<'a>) -> ValueId {
        self.add(NewValue::Parameter(view))
    }

    /// A class or function, by its module and name.
    pub fn global(
        &mut self,
        module: impl Into<Cow<'a, str>>,
        name: impl Into<Cow<'a, str>>,
    ) -> ValueId {
        self.add(NewValue::Global { module: module.into(), name: name.into() })
    }

    /// An object: what a class or function makes of arguments when it is called.
    pub fn call(&mut self, class: ValueId, args: impl IntoIterator<Item = ValueId>) -> ValueId {
        self.object_of(class, args, false)
    }

    /// An object that `__new__` of its class makes, without `__init__`: most objects of classes written in
    /// Python. [`set_state`](Self::set_state) gives it its attributes.
    pub fn instance(&mut self, class: ValueId, args: impl IntoIterator<Item = ValueId>) -> ValueId {
        self.object_of(class, args, true)
    }

    fn object_of(
        &mut self,
        class: ValueId,
        args: impl IntoIterator<Item = ValueId>,
        new: bool,
    ) -> ValueId {
        let (class, args) = (class.0, self.tuple(args).0);
        let (kwargs, state, items, entries) = (Raw::None, Raw::None, Raw::None, Raw::None);
        let object = Object { class, args, kwargs, state, items, entries, new };
        ValueId(room(self.add_object(object)))
    }

    /// A tensor on the device `meta`, which has no elements.
    pub fn meta_tensor(&mut self, dtype: DType, shape: &[usize], requires_grad: bool) -> ValueId {
        let numel = shape.iter().try_fold(1usize, |numel, &size| numel.checked_mul(size));
        let nbytes = numel.and_then(|numel| numel.checked_mul(dtype.size()));
        let nbytes = nbytes.expect("a tensor has at most `usize::MAX` bytes");
        let absent = Storage::new(Arc::new(AbsentStorages(vec![nbytes])), 0);
        let view = TensorView::known_contiguous(absent, dtype, shape.into(), 0);
        self.add(view.with_requires_grad(requires_grad))
    }

    // Dicts

    /// The value under the str `key` of a dict. Of one with the key twice, the last, as Python has it.
    pub fn find(&self, dict: ValueId, key: &str) -> Option<ValueId> {
        self.get(dict).get(key).map(Value::value_id)
    }

    /// The value at a path of keys from the root.
    pub fn at(&self, path: &[&str]) -> Option<ValueId> {
        let root = self.root();
        path.iter().try_fold(root, |value, key| value.get(key)).map(Value::value_id)
    }

    fn dict_index(&self, dict: ValueId) -> Result<u32, NotAContainer> {
        match dict.0 {
            Raw::Container(index) if self.container_kind(index).is_dict() => Ok(index),
            _ => Err(NotAContainer { expected: "a dict" }),
        }
    }

    fn container_kind(&self, index: u32) -> ContainerKind {
        self.container(index).expect("invariant: the container exists").kind
    }

    /// Puts a value that is in the graph under a str key of a dict, and returns the one that was there. A new
    /// key goes to the end, a replaced one keeps its place.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn put(
        &mut self,
        dict: ValueId,
        key: &str,
        value: ValueId,
    ) -> Result<Option<ValueId>, NotAContainer> {
        self.dict_index(dict)?;
        let found =
            self.get(dict).as_dict().and_then(|dict| dict.position(|known| known.is_str(key)));
        match found {
            Some(position) => self.replace_entry(dict, position, value).map(Some),
            None => {
                let key = self.key(key);
                self.push_entry(dict, key, value).map(|()| None)
            }
        }
    }

    /// Adds a value and puts it under a str key of a dict; see [`put`](Self::put).
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn set(
        &mut self,
        dict: ValueId,
        key: &str,
        value: impl Into<NewValue<'a>>,
    ) -> Result<Option<ValueId>, NotAContainer> {
        let value = self.add(value);
        self.put(dict, key, value)
    }

    /// Appends an entry to a dict. Its key should be none that the dict has.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn push_entry(
        &mut self,
        dict: ValueId,
        key: ValueId,
        value: ValueId,
    ) -> Result<(), NotAContainer> {
        self.dict_index(dict)?;
        self.extend_raw(dict.0, &[key.0, value.0]);
        Ok(())
    }

    /// Replaces the value of the entry at `position`, counted in order, and returns the one that was there.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn replace_entry(
        &mut self,
        dict: ValueId,
        position: usize,
        value: ValueId,
    ) -> Result<ValueId, NotAContainer> {
        let index = self.dict_index(dict)?;
        let place = room(self.values_mut(index)).as_chunks_mut::<2>().0.get_mut(position);
        let [_, place] = place.ok_or(NotAContainer { expected: "a dict with so many entries" })?;
        Ok(ValueId(std::mem::replace(place, value.0)))
    }

    /// Takes the entry at `position` out of a dict, counted in order; the others keep their order.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn remove_entry(&mut self, dict: ValueId, position: usize) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        if self.get(dict).as_dict().is_none_or(|dict| dict.len() <= position) {
            return Err(NotAContainer { expected: "a dict with so many entries" });
        }
        room(self.remove_values(index, position * 2..position * 2 + 2));
        Ok(())
    }

    /// Moves the last entry of a dict to `position`, counted in order.
    ///
    /// # Errors
    /// Where `dict` is not a dict, or has not so many entries.
    pub fn move_last_entry(&mut self, dict: ValueId, position: usize) -> Result<(), NotAContainer> {
        let index = self.dict_index(dict)?;
        let entries = room(self.values_mut(index)).as_chunks_mut::<2>().0.get_mut(position..);
        let wrong = NotAContainer { expected: "a dict with so many entries" };
        match entries {
            Some([]) | None => Err(wrong),
            Some(entries) => {
                entries.rotate_right(1);
                Ok(())
            }
        }
    }

    /// Another container of the same values and attributes.
    pub(crate) fn shallow_copy(&mut self, container: ValueId) -> ValueId {
        let Raw::Container(index) = container.0 else { return container };
        let copy = room(self.add_container(self.container_kind(index)));
        let values = self.run(self.run_of(container.0)).to_vec();
        self.extend_raw(copy, &values);
        if let (Some(extra), Raw::Container(copy)) = (self.extra(index), copy) {
            room(self.set_extra(copy, extra));
        }
        ValueId(copy)
    }

    // Other parts

    /// Appends a value to a list or set.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn push(&mut self, list: ValueId, item: ValueId) -> Result<(), NotAContainer> {
        match list.0 {
            Raw::Container(index) if !self.container_kind(index).is_dict() => {
                self.extend_raw(list.0, &[item.0]);
                Ok(())
            }
            _ => Err(NotAContainer { expected: "a list or set" }),
        }
    }

    /// Replaces an item of a list.
    ///
    /// # Errors
    /// Where it is not a list, or has not so many items.
    pub fn set_item(
        &mut self,
        list: ValueId,
        position: usize,
        item: ValueId,
    ) -> Result<(), NotAContainer> {
        let wrong = NotAContainer { expected: "a list with so many items" };
        match list.0 {
            Raw::Container(index) if self.container_kind(index) == ContainerKind::List => {
                *room(self.values_mut(index)).get_mut(position).ok_or(wrong)? = item.0;
                Ok(())
            }
            _ => Err(wrong),
        }
    }

    /// Gives a dict, set or tensor the dict of its Python attributes: PyTorch puts `_metadata` there.
    ///
    /// # Errors
    /// Where Python has no attributes: of a plain `dict`, a list, a number.
    pub fn set_attributes(
        &mut self,
        value: ValueId,
        attributes: ValueId,
    ) -> Result<(), NotAContainer> {
        match value.0 {
            Raw::Tensor(index) => self.set_tensor_attributes(index, attributes.0),
            Raw::Container(index)
                if !matches!(
                    self.container_kind(index),
                    ContainerKind::Dict | ContainerKind::List
                ) =>
            {
                let factory = self.extra(index).map_or(Raw::None, |extra| extra.factory);
                room(self.set_extra(index, Extra { attributes: attributes.0, factory }));
            }
            _ => return Err(NotAContainer { expected: "a value that can have attributes" }),
        }
        Ok(())
    }

    /// Sets what a `defaultdict` makes new values with.
    ///
    /// # Errors
    /// Where it is not a `defaultdict`.
    pub fn set_default_factory(
        &mut self,
        dict: ValueId,
        factory: ValueId,
    ) -> Result<(), NotAContainer> {
        match dict.0 {
            Raw::Container(index) if self.container_kind(index) == ContainerKind::DefaultDict => {
                let attributes = self.extra(index).map_or(Raw::None, |extra| extra.attributes);
                room(self.set_extra(index, Extra { attributes, factory: factory.0 }));
                Ok(())
            }
            _ => Err(NotAContainer { expected: "a defaultdict" }),
        }
    }

    /// Gives an object a state, usually the dict of its attributes.
    ///
    /// # Errors
    /// Where it is not an object of a class that is not known.
    pub fn set_state(&mut self, object: ValueId, state: ValueId) -> Result<(), NotAContainer> {
        let Raw::Object(index) = object.0 else {
            return Err(NotAContainer { expected: "an object" });
        };
        let known = self.object(index).expect("invariant: the object exists");
        self.set_object(index, Object { state: state.0, ..known });
        Ok(())
    }

    /// Replaces the storages that `map` has another one of the same size for, wherever they are used.
    pub(crate) fn map_storages(&mut self, map: impl Fn(&Storage<'a>) -> Option<Storage<'a>>) {
        let used: HashSet<StorageRef> = self.storage_refs_mut().map(|storage| *storage).collect();
        let mut moved = HashMap::new();
        for storage in used {
            if let Some(new) = map(&self.storage(storage)) {
                moved.insert(storage, room(self.insert_storage(new)));
            }
        }
        for storage in self.storage_refs_mut() {
            if let Some(&new) = moved.get(storage) {
                *storage = new;
            }
        }
    }
}

impl Default for Graph<'_> {
    fn default() -> Self {
        Graph::new()
    }
}
