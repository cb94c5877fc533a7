//! Building values.

use std::borrow::Cow;
use std::sync::Arc;

use crate::dtype::DType;
use crate::tensor::{Storage, TensorView};
use crate::value::absent::AbsentStorages;
use crate::value::id::ValueId;
use crate::value::integer;
use crate::value::memory::Full;
use crate::value::new_value::NewValue;
use crate::value::parts::DictKind;
use crate::value::raw::{
    ContainerKind, Device, Global, Object, Raw, TensorFlags, TensorNode, Text,
};
use crate::value::store::Graph;

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
}

impl Default for Graph<'_> {
    fn default() -> Self {
        Graph::new()
    }
}
