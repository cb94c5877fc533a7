//! The arena: every value of one pickle, in a few vectors.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::huge_pages;
use crate::tensor::{Shape, Storage, Storages, Strides, TensorView};
use crate::value::handle::Value;
use crate::value::made::{Made, MadeStorages};
use crate::value::provenance::Provenance;
use crate::value::raw::{
    Composite, Container, ContainerKind, Device, Extra, Global, NumPy, Object, Raw, Run,
    TensorNode, Text,
};
use crate::value::refusal::Refusal;

/// The bytes of a pickle: memory of its own, or a part of its file.
pub(crate) type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The arena is full: its indices are of 32 bits.
#[derive(Debug)]
pub(crate) struct Full;

/// A tree of Python values, as a checkpoint file holds it.
///
/// Values have identity, as in Python: a list that is used twice is one list, and may contain
/// itself. [`root`](Self::root) is where to start.
pub struct Graph {
    source: Bytes,
    source_len: usize,
    /// Bytes that are not in the pickle as they are: decoded text, converted numbers.
    beside: Vec<u8>,
    pool: Vec<Raw>,
    containers: Vec<Container>,
    extras: Vec<Extra>,
    objects: Vec<Object>,
    complexes: Vec<(f64, f64)>,
    devices: Vec<Device>,
    globals: Vec<Global>,
    tensors: Vec<TensorNode>,
    dims: Vec<i64>,
    attributes: HashMap<u32, Raw>,
    refusals: Vec<Refusal>,
    pub(super) provenance: Provenance,
    composites: Vec<Composite>,
    numpy: Vec<NumPy>,
    /// The storages that are not the file's, until all are known.
    making: Vec<Made>,
    made: Arc<dyn Storages>,
    storages: Arc<dyn Storages>,
    root: Raw,
}

/// The index that the next element of `vec` will have.
fn next_index<T>(vec: &[T]) -> Result<u32, Full> {
    u32::try_from(vec.len()).map_err(|_| Full)
}

/// Pushes, and returns the index.
fn push<T>(vec: &mut Vec<T>, element: T) -> Result<u32, Full> {
    let index = next_index(vec)?;
    vec.push(element);
    Ok(index)
}

fn at<T: Copy>(vec: &[T], index: u32) -> Option<T> {
    vec.get(usize::try_from(index).ok()?).copied()
}

impl Graph {
    /// An arena over the bytes of a pickle. They must not be more than 4 GiB.
    pub(crate) fn new(source: Bytes) -> Self {
        // Room for what a state dict of that size has: a tensor takes some 160 bytes of a pickle, and has a
        // module of its own at most.
        let source_len = (*source).as_ref().len();
        let tensors = source_len / 160;
        Graph {
            source,
            source_len,
            beside: Vec::new(),
            pool: huge_pages::buffer(source_len / 24),
            containers: huge_pages::buffer(source_len / 112),
            extras: Vec::new(),
            objects: Vec::new(),
            complexes: Vec::new(),
            devices: Vec::new(),
            globals: Vec::new(),
            tensors: huge_pages::buffer(tensors),
            dims: huge_pages::buffer(tensors.saturating_mul(2)),
            attributes: HashMap::new(),
            refusals: Vec::new(),
            provenance: Provenance::default(),
            composites: Vec::new(),
            numpy: Vec::new(),
            making: Vec::new(),
            made: Arc::new(MadeStorages(Vec::new())),
            storages: Arc::new(MadeStorages(Vec::new())),
            root: Raw::None,
        }
    }

    /// Says what the values were for: the root, and the storages that tensors are views of.
    pub(crate) fn finish(&mut self, root: Raw, storages: Arc<dyn Storages>) {
        self.root = root;
        self.storages = storages;
        self.made = Arc::new(MadeStorages(std::mem::take(&mut self.making)));
    }

    /// The value that the file holds.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, self.root)
    }

    pub(super) fn root_raw(&self) -> Raw {
        self.root
    }

    // Bytes

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        let (Ok(start), Ok(len)) = (usize::try_from(text.start), usize::try_from(text.len)) else {
            return &[];
        };
        let found = match start.checked_sub(self.source_len) {
            None => (*self.source).as_ref().get(start..start.saturating_add(len)),
            Some(start) => self.beside.get(start..start.saturating_add(len)),
        };
        found.unwrap_or(&[])
    }

    /// The text of a `Raw::Str`, which was checked when it was made.
    pub(crate) fn str(&self, text: Text) -> &str {
        std::str::from_utf8(self.text(text)).unwrap_or_default()
    }

    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) -> Result<Text, Full> {
        let start = self.source_len.saturating_add(self.beside.len());
        let text = Text {
            start: u32::try_from(start).map_err(|_| Full)?,
            len: u32::try_from(bytes.len()).map_err(|_| Full)?,
        };
        self.beside.extend_from_slice(bytes);
        Ok(text)
    }

    /// How much has been copied rather than referred to: bytes, values and sizes. What a file can make
    /// large without being large itself.
    pub(crate) fn copied(&self) -> usize {
        self.beside.len().saturating_add(self.dims.len())
    }

    // Sequences

    pub(crate) fn run(&self, run: Run) -> &[Raw] {
        let (Ok(start), Ok(len)) = (usize::try_from(run.start), usize::try_from(run.len)) else {
            return &[];
        };
        self.pool.get(start..start.saturating_add(len)).unwrap_or(&[])
    }

    pub(crate) fn add_run(&mut self, values: &[Raw]) -> Result<Run, Full> {
        if values.is_empty() {
            return Ok(Run::default());
        }
        let start = next_index(&self.pool)?;
        let len = u32::try_from(values.len()).map_err(|_| Full)?;
        self.pool.extend_from_slice(values);
        Ok(Run { start, len })
    }

    /// Takes a run away that nothing refers to any more, if it was the last to be added.
    pub(crate) fn drop_run(&mut self, run: Run) {
        if let Ok(start) = usize::try_from(run.start)
            && start.checked_add(self.run(run).len()) == Some(self.pool.len())
        {
            self.pool.truncate(start);
        }
    }

    pub(crate) fn add_container(&mut self, kind: ContainerKind) -> Result<Raw, Full> {
        let container = Container { run: Run::default(), capacity: 0, kind, extra: None };
        push(&mut self.containers, container).map(Raw::Container)
    }

    pub(crate) fn container(&self, index: u32) -> Option<Container> {
        at(&self.containers, index)
    }

    /// A dict of these keys and values in turn.
    pub(crate) fn add_dict(&mut self, values: &[Raw]) -> Result<Raw, Full> {
        let run = self.add_run(values)?;
        let (capacity, kind) = (run.len, ContainerKind::Dict);
        push(&mut self.containers, Container { run, capacity, kind, extra: None })
            .map(Raw::Container)
    }

    /// A dict of the keys and values of another, which need not be stored twice: a dict that grows moves away
    /// from where it has no room.
    pub(crate) fn add_dict_of(&mut self, run: Run) -> Result<Raw, Full> {
        let kind = ContainerKind::Dict;
        push(&mut self.containers, Container { run, capacity: 0, kind, extra: None })
            .map(Raw::Container)
    }

    fn container_mut(&mut self, index: u32) -> Option<&mut Container> {
        self.containers.get_mut(usize::try_from(index).ok()?)
    }

    /// Appends to a container. Where it stands at the end of the pool it grows in place, else it moves
    /// there with room to double, so that all moves together copy no more than what was appended.
    pub(crate) fn extend(&mut self, index: u32, values: &[Raw]) -> Result<(), Full> {
        let Some(mut container) = self.container(index) else { return Ok(()) };
        let added = u32::try_from(values.len()).map_err(|_| Full)?;
        let len = container.run.len.checked_add(added).ok_or(Full)?;
        let end = container.run.start.checked_add(container.capacity).ok_or(Full)?;
        let is_last = next_index(&self.pool)? == end;
        if len > container.capacity && !(is_last && container.capacity > 0) {
            let old = container.run;
            container.run.start = next_index(&self.pool)?;
            let (from, count) = (old.start as usize, old.len as usize);
            self.pool.extend_from_within(from..from.saturating_add(count));
            container.capacity = old.len;
        }
        let used = container.run.start.checked_add(container.run.len).ok_or(Full)? as usize;
        if len <= container.capacity {
            if let Some(room) = self.pool.get_mut(used..used.saturating_add(values.len())) {
                room.copy_from_slice(values);
            }
        } else {
            self.pool.truncate(used);
            self.pool.extend_from_slice(values);
            let room = if is_last { 0 } else { container.run.len };
            container.capacity = len.checked_add(room).ok_or(Full)?;
            let total = (container.run.start as usize).saturating_add(container.capacity as usize);
            self.pool.resize(total, Raw::None);
            next_index(&self.pool)?;
        }
        container.run.len = len;
        if let Some(place) = self.container_mut(index) {
            *place = container;
        }
        Ok(())
    }

    pub(crate) fn extra(&self, index: u32) -> Option<Extra> {
        at(&self.extras, self.container(index)?.extra?)
    }

    pub(crate) fn set_extra(&mut self, index: u32, extra: Extra) -> Result<(), Full> {
        let known = self.container(index).and_then(|container| container.extra);
        match known.and_then(|known| self.extras.get_mut(known as usize)) {
            Some(place) => *place = extra,
            None => {
                let new = push(&mut self.extras, extra)?;
                if let Some(container) = self.container_mut(index) {
                    container.extra = Some(new);
                }
            }
        }
        Ok(())
    }

    // Single things

    pub(crate) fn add_object(&mut self, object: Object) -> Result<Raw, Full> {
        push(&mut self.objects, object).map(Raw::Object)
    }

    pub(crate) fn object(&self, index: u32) -> Option<Object> {
        at(&self.objects, index)
    }

    pub(crate) fn set_object(&mut self, index: u32, object: Object) {
        if let Some(place) = self.objects.get_mut(index as usize) {
            *place = object;
        }
    }

    pub(crate) fn add_complex(&mut self, re: f64, im: f64) -> Result<Raw, Full> {
        push(&mut self.complexes, (re, im)).map(Raw::Complex)
    }

    pub(crate) fn complex(&self, index: u32) -> Option<(f64, f64)> {
        at(&self.complexes, index)
    }

    pub(crate) fn add_device(&mut self, device: Device) -> Result<Raw, Full> {
        push(&mut self.devices, device).map(Raw::Device)
    }

    pub(crate) fn device(&self, index: u32) -> Option<Device> {
        at(&self.devices, index)
    }

    pub(crate) fn add_global(&mut self, global: Global) -> Result<Raw, Full> {
        push(&mut self.globals, global).map(Raw::Global)
    }

    pub(crate) fn global(&self, index: u32) -> Option<Global> {
        at(&self.globals, index)
    }

    pub(crate) fn add_refusal(&mut self, refusal: Refusal) -> Result<Raw, Full> {
        push(&mut self.refusals, refusal).map(Raw::Refused)
    }

    pub(crate) fn refusal(&self, index: u32) -> Option<&Refusal> {
        self.refusals.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn add_composite(&mut self, composite: Composite) -> Result<Raw, Full> {
        push(&mut self.composites, composite).map(Raw::Composite)
    }

    pub(crate) fn composite(&self, index: u32) -> Option<Composite> {
        at(&self.composites, index)
    }

    pub(crate) fn add_numpy(&mut self, value: NumPy) -> Result<Raw, Full> {
        push(&mut self.numpy, value).map(Raw::NumPy)
    }

    pub(crate) fn numpy(&self, index: u32) -> Option<NumPy> {
        at(&self.numpy, index)
    }

    pub(crate) fn set_numpy(&mut self, index: u32, value: NumPy) {
        if let Some(place) = self.numpy.get_mut(index as usize) {
            *place = value;
        }
    }

    /// The size of the pickle.
    pub(crate) fn source_len(&self) -> usize {
        self.source_len
    }

    // Tensors

    /// A storage of so many bytes that are not there.
    pub(crate) fn add_absent(&mut self, nbytes: usize) -> Result<u32, Full> {
        push(&mut self.making, Made::Absent(nbytes))
    }

    /// A storage of elements that the pickle gives as values.
    pub(crate) fn add_made(&mut self, bytes: Vec<u8>) -> Result<u32, Full> {
        push(&mut self.making, Made::Bytes(bytes))
    }

    /// Returns `true` if the tensor has no elements, as on the device `meta`.
    pub(crate) fn is_absent(&self, node: TensorNode) -> bool {
        let made = usize::try_from(node.storage).ok().and_then(|index| self.making.get(index));
        node.flags.made && matches!(made, Some(Made::Absent(_)))
    }

    /// Makes the tensor `index` the one that `made` is.
    pub(crate) fn set_tensor(&mut self, index: u32, node: TensorNode) {
        if let Some(place) = self.tensors.get_mut(index as usize) {
            *place = node;
        }
    }

    /// Keeps a tensor whose view has been checked against its storage.
    pub(crate) fn add_tensor(
        &mut self,
        mut node: TensorNode,
        sizes: &[i64],
        strides: &[i64],
    ) -> Result<Raw, Full> {
        node.dims = next_index(&self.dims)?;
        node.rank = u32::try_from(sizes.len()).map_err(|_| Full)?;
        self.dims.extend_from_slice(sizes);
        if node.flags.strided {
            self.dims.extend_from_slice(strides);
        }
        push(&mut self.tensors, node).map(Raw::Tensor)
    }

    pub(crate) fn tensor(&self, index: u32) -> Option<TensorNode> {
        at(&self.tensors, index)
    }

    /// The size of a tensor along each dimension.
    pub(crate) fn sizes(&self, node: TensorNode) -> &[i64] {
        let (start, rank) = (node.dims as usize, node.rank as usize);
        self.dims.get(start..start.saturating_add(rank)).unwrap_or_default()
    }

    /// The strides of a tensor where they are not those that follow from its size.
    pub(crate) fn strides(&self, node: TensorNode) -> Option<&[i64]> {
        let (start, rank) = (node.dims as usize, node.rank as usize);
        let start = start.saturating_add(rank);
        node.flags
            .strided
            .then(|| self.dims.get(start..start.saturating_add(rank)).unwrap_or_default())
    }

    /// A second tensor object over what the tensor `index` shows.
    pub(crate) fn copy_tensor(&mut self, node: TensorNode) -> Result<u32, Full> {
        push(&mut self.tensors, node)
    }

    pub(crate) fn tensor_attributes(&self, index: u32) -> Option<Raw> {
        self.attributes.get(&index).copied()
    }

    pub(crate) fn set_tensor_attributes(&mut self, index: u32, attributes: Raw) {
        self.attributes.insert(index, attributes);
    }

    pub(crate) fn storage(&self, index: u32) -> Storage<'static> {
        Storage::new(Arc::clone(&self.storages), index)
    }

    pub(crate) fn view(&self, node: TensorNode) -> Option<TensorView<'static>> {
        let rank = node.rank as usize;
        let start = node.dims as usize;
        let (sizes, rest) = self.dims.get(start..)?.split_at_checked(rank)?;
        let shape = Shape::of(sizes)?;
        let storage = match node.flags.made {
            true => Storage::new(Arc::clone(&self.made), node.storage),
            false => self.storage(node.storage),
        };
        let view = if node.flags.strided {
            let strides: Strides = rest
                .get(..rank)?
                .iter()
                .map(|&stride| isize::try_from(stride).ok())
                .collect::<Option<_>>()?;
            TensorView::strided(storage, node.dtype, shape, strides, node.offset).ok()?
        } else {
            // Checked when the node was made.
            TensorView::known_contiguous(storage, node.dtype, shape, node.offset)
        };
        let flags = node.flags;
        let view = view.with_requires_grad(flags.requires_grad);
        Some(view.with_conj_neg(flags.conj, flags.neg))
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("root", &self.root())
            .field("containers", &self.containers.len())
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(graph: &Graph, index: u32) -> Vec<i64> {
        let run = graph.container(index).unwrap().run;
        graph
            .run(run)
            .iter()
            .map(|raw| match raw {
                Raw::Int(int) => *int,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn lists_that_grow_in_turn_keep_what_they_hold() {
        let mut graph = Graph::new(Arc::new([]));
        for _ in 0..3 {
            graph.add_container(ContainerKind::List).unwrap();
        }
        for round in 0..300i64 {
            for list in 0..3u32 {
                graph.extend(list, &[Raw::Int(round * 3 + i64::from(list))]).unwrap();
            }
        }
        for list in 0..3u32 {
            let expected: Vec<i64> = (0..300).map(|round| round * 3 + i64::from(list)).collect();
            assert_eq!(ints(&graph, list), expected);
        }
        assert!(graph.pool.len() < 3 * 300 * 5, "{}", graph.pool.len());
    }

    #[test]
    fn a_list_at_the_end_grows_in_place() {
        let mut graph = Graph::new(Arc::new([]));
        graph.add_container(ContainerKind::List).unwrap();
        for round in 0..1000 {
            graph.extend(0, &[Raw::Int(round)]).unwrap();
        }
        assert_eq!(ints(&graph, 0), (0..1000).collect::<Vec<_>>());
        assert_eq!(graph.pool.len(), 1000);
    }

    #[test]
    fn dicts_of_the_same_values_grow_apart() {
        let mut graph = Graph::new(Arc::new([]));
        graph.add_dict(&[Raw::Int(1), Raw::Int(2)]).unwrap();
        let run = graph.container(0).unwrap().run;
        for _ in 0..2 {
            graph.add_dict_of(run).unwrap();
        }
        assert_eq!(graph.pool.len(), 2);
        for dict in [1, 0, 2, 1] {
            let key = i64::from(dict) * 10;
            graph.extend(dict, &[Raw::Int(key), Raw::Int(key + 1)]).unwrap();
        }
        assert_eq!(ints(&graph, 0), [1, 2, 0, 1]);
        assert_eq!(ints(&graph, 1), [1, 2, 10, 11, 10, 11]);
        assert_eq!(ints(&graph, 2), [1, 2, 20, 21]);
    }

    #[test]
    fn only_the_last_run_can_be_dropped() {
        let mut graph = Graph::new(Arc::new([]));
        let first = graph.add_run(&[Raw::Int(1)]).unwrap();
        let second = graph.add_run(&[Raw::Int(2), Raw::Int(3)]).unwrap();
        graph.drop_run(first);
        assert_eq!(graph.pool.len(), 3);
        graph.drop_run(second);
        assert_eq!(graph.pool.len(), 1);
    }
}
