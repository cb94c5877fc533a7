//! The store: every value of one file, or of one that is being made, in a few vectors.

use std::ops::Range;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::tensor::{Storage, Storages};
use crate::value::absent::AbsentStorages;
use crate::value::memory::{Full, Memory};
use crate::value::provenance::Provenance;
use crate::value::raw::{
    Composite, Container, ContainerKind, Device, Extra, Global, NumPy, Object, Raw, Run,
    TensorNode, Text,
};
use crate::value::refusal::Refusal;

/// The bytes of a pickle: memory of its own, or a part of its file.
pub(crate) type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Python values with their identity: what a checkpoint file holds, or what one will hold.
///
/// A list that is used twice is one list, as in Python, and may contain itself. [`root`](Self::root) is where to
/// start reading; the [`Value`](crate::value::Value)s it leads to are handles into the graph. Texts and tensors of a file stay in the
/// file until they are asked for.
///
/// A graph can be changed, one that was read from a file like one that [`Graph::new`] began: a [`ValueId`](crate::value::ValueId) says
/// which value is meant. The lifetime is that of the tensors that were put in.
///
/// ```
/// use statedict::value::Graph;
/// use statedict::{StateMap, TensorView, WriteOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
///
/// let mut graph = Graph::new();
/// let root = graph.root().value_id();
/// graph.set(root, "epoch", 5)?;
/// let model = graph.state_map(&map);
/// graph.put(root, "model_state_dict", model)?;
///
/// let mut file = Vec::new();
/// graph.write_with(&mut file, &WriteOptions::default())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Graph<'a> {
    pub(super) source: Bytes,
    pub(super) source_len: usize,
    /// The memory of the tables of a file's values.
    pub(crate) memory: Memory,
    /// Bytes that are not in the pickle as they are: decoded text, converted numbers.
    pub(super) beside: Vec<u8>,
    pub(super) pool: Vec<Raw>,
    pub(super) containers: Vec<Container>,
    pub(super) extras: Vec<Extra>,
    pub(super) objects: Vec<Object>,
    pub(super) complexes: Vec<(f64, f64)>,
    pub(super) devices: Vec<Device>,
    pub(super) globals: Vec<Global>,
    pub(super) tensors: Vec<TensorNode>,
    pub(super) dims: Vec<i64>,
    pub(super) attributes: HashMap<u32, Raw>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) provenance: Provenance,
    pub(super) composites: Vec<Composite>,
    pub(super) numpy: Vec<NumPy>,
    /// The strings of which there is one for each text, as Python has of a program's names.
    pub(super) interned: HashMap<Box<str>, Text>,
    /// The storages of the tensors that were put in.
    pub(super) inserted: Vec<Storage<'a>>,
    /// The sizes of the tensors that have no storage.
    pub(super) absent_sizes: Vec<usize>,
    pub(super) absent: Arc<dyn Storages>,
    pub(super) storages: Arc<dyn Storages>,
    pub(super) root: Raw,
}

/// What is referred to in a graph is kept in it for good: an index that leads nowhere is a fault of ours.
pub(super) const KEPT: &str = "invariant: what a value refers to is in its graph";

/// The index that the next element of `vec` will have.
pub(super) fn next_index<T>(vec: &[T]) -> Result<u32, Full> {
    u32::try_from(vec.len()).map_err(|_| Full::Indices)
}

/// Pushes, and returns the index.
pub(super) fn push<T>((vec, memory): (&mut Vec<T>, &mut Memory), element: T) -> Result<u32, Full> {
    let index = next_index(vec)?;
    memory.push(vec, element)?;
    Ok(index)
}

pub(super) fn at<T: Copy>(vec: &[T], index: u32) -> Option<T> {
    vec.get(usize::try_from(index).ok()?).copied()
}

impl<'a> Graph<'a> {
    /// A graph over the bytes of a pickle. They must not be more than 4 GiB.
    pub(crate) fn over(source: Bytes) -> Self {
        Graph::within(source, Memory::unlimited())
    }

    /// A graph over the bytes of a pickle, which takes no more memory than that.
    pub(crate) fn within(source: Bytes, mut memory: Memory) -> Self {
        // Room for what a state dict of that size has: a tensor takes some 160 bytes of a pickle, and has a
        // module of its own at most.
        let source_len = (*source).as_ref().len();
        let tensors = source_len / 160;
        Graph {
            source,
            source_len,
            beside: Vec::new(),
            pool: memory.table(source_len / 24),
            containers: memory.table(source_len / 112),
            extras: Vec::new(),
            objects: Vec::new(),
            complexes: Vec::new(),
            devices: Vec::new(),
            globals: Vec::new(),
            tensors: memory.table(tensors),
            dims: memory.table(tensors.saturating_mul(2)),
            attributes: HashMap::new(),
            refusals: Vec::new(),
            provenance: Provenance::default(),
            composites: Vec::new(),
            numpy: Vec::new(),
            memory,
            interned: HashMap::new(),
            inserted: Vec::new(),
            absent_sizes: Vec::new(),
            absent: Arc::new(AbsentStorages(Vec::new())),
            storages: Arc::new(AbsentStorages(Vec::new())),
            root: Raw::None,
        }
    }

    /// Says what the values were for: the root, and the storages that tensors are views of.
    pub(crate) fn finish(&mut self, root: Raw, storages: Arc<dyn Storages>) {
        self.root = root;
        self.storages = storages;
        // What is added from now on, a program adds.
        self.memory.lift();
        self.absent = Arc::new(AbsentStorages(std::mem::take(&mut self.absent_sizes)));
    }

    pub(crate) fn root_raw(&self) -> Raw {
        self.root
    }

    pub(super) fn set_root_raw(&mut self, root: Raw) {
        self.root = root;
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
            start: u32::try_from(start).map_err(|_| Full::Indices)?,
            len: u32::try_from(bytes.len()).map_err(|_| Full::Indices)?,
        };
        self.memory.reserve(&mut self.beside, bytes.len())?;
        self.beside.extend_from_slice(bytes);
        Ok(text)
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
        let len = u32::try_from(values.len()).map_err(|_| Full::Indices)?;
        self.memory.reserve(&mut self.pool, values.len())?;
        self.pool.extend_from_slice(values);
        Ok(Run { start, len })
    }

    /// A run of the same values as another.
    pub(crate) fn copy_run(&mut self, run: Run) -> Result<Run, Full> {
        let count = self.run(run).len();
        let (start, from) = (next_index(&self.pool)?, run.start as usize);
        self.memory.reserve(&mut self.pool, count)?;
        self.pool.extend_from_within(from..from.saturating_add(count));
        Ok(Run { start, ..run })
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
        let run = Run::default();
        let container = Container { run, capacity: 0, kind, owned: false, extra: None };
        push((&mut self.containers, &mut self.memory), container).map(Raw::Container)
    }

    pub(crate) fn container(&self, index: u32) -> Option<Container> {
        at(&self.containers, index)
    }

    /// A dict of these keys and values in turn.
    pub(crate) fn add_dict(&mut self, values: &[Raw]) -> Result<Raw, Full> {
        let run = self.add_run(values)?;
        let (capacity, kind) = (run.len, ContainerKind::Dict);
        push(
            (&mut self.containers, &mut self.memory),
            Container { run, capacity, kind, owned: false, extra: None },
        )
        .map(Raw::Container)
    }

    /// A container of the values of another, which need not be stored twice: a container that grows moves away
    /// from where it has no room.
    pub(crate) fn add_container_of(&mut self, kind: ContainerKind, run: Run) -> Result<Raw, Full> {
        push(
            (&mut self.containers, &mut self.memory),
            Container { run, capacity: 0, kind, owned: false, extra: None },
        )
        .map(Raw::Container)
    }

    fn container_mut(&mut self, index: u32) -> &mut Container {
        self.containers.get_mut(index as usize).expect(KEPT)
    }

    /// Appends to a container. Where it stands at the end of the pool it grows in place, else it moves
    /// there with room to double, so that all moves together copy no more than what was appended.
    pub(crate) fn extend(&mut self, index: u32, values: &[Raw]) -> Result<(), Full> {
        let mut container = self.container(index).expect(KEPT);
        let added = u32::try_from(values.len()).map_err(|_| Full::Indices)?;
        let len = container.run.len.checked_add(added).ok_or(Full::Indices)?;
        let end = container.run.start.checked_add(container.capacity).ok_or(Full::Indices)?;
        let is_last = next_index(&self.pool)? == end;
        if len > container.capacity && !(is_last && container.capacity > 0) {
            let old = container.run;
            container.run.start = next_index(&self.pool)?;
            let (from, count) = (old.start as usize, old.len as usize);
            self.memory.reserve(&mut self.pool, count)?;
            self.pool.extend_from_within(from..from.saturating_add(count));
            container.capacity = old.len;
        }
        let used =
            container.run.start.checked_add(container.run.len).ok_or(Full::Indices)? as usize;
        if len <= container.capacity {
            if let Some(room) = self.pool.get_mut(used..used.saturating_add(values.len())) {
                room.copy_from_slice(values);
            }
        } else {
            self.pool.truncate(used);
            let room = if is_last { 0 } else { container.run.len };
            let added = values.len().saturating_add(room as usize);
            self.memory.reserve(&mut self.pool, added)?;
            self.pool.extend_from_slice(values);
            container.capacity = len.checked_add(room).ok_or(Full::Indices)?;
            let total = (container.run.start as usize).saturating_add(container.capacity as usize);
            self.pool.resize(total, Raw::None);
            next_index(&self.pool)?;
        }
        container.run.len = len;
        *self.container_mut(index) = container;
        Ok(())
    }

    /// Appends what a run holds to a container.
    pub(crate) fn extend_from(&mut self, index: u32, run: Run) -> Result<(), Full> {
        // A copy that is given back at once.
        self.memory.take(size_of_val(self.run(run)))?;
        let values = self.run(run).to_vec();
        self.extend(index, &values)?;
        self.memory.give_back(size_of_val(&*values));
        Ok(())
    }

    /// Gives a container a run that nothing else has a part of, so that its values can be replaced.
    fn own_run(&mut self, index: u32) -> Result<Run, Full> {
        let mut container = self.container(index).expect(KEPT);
        if !container.owned {
            let values = self.run(container.run).to_vec();
            container.run = self.add_run(&values)?;
            container.capacity = container.run.len;
            container.owned = true;
            *self.container_mut(index) = container;
        }
        Ok(container.run)
    }

    /// The values of a container, for changing.
    pub(super) fn values_mut(&mut self, index: u32) -> Result<&mut [Raw], Full> {
        let run = self.own_run(index)?;
        Ok(self.run_mut(run))
    }

    /// Takes values out of a container; the others keep their order.
    pub(super) fn remove_values(&mut self, index: u32, range: Range<usize>) -> Result<(), Full> {
        let removed = u32::try_from(range.len()).map_err(|_| Full::Indices)?;
        let values = self.values_mut(index)?;
        values.copy_within(range.end.., range.start);
        self.container_mut(index).run.len -= removed;
        Ok(())
    }

    /// The values of a run that its owner alone has a part of.
    pub(super) fn run_mut(&mut self, run: Run) -> &mut [Raw] {
        let (start, len) = (run.start as usize, run.len as usize);
        self.pool.get_mut(start..start + len).expect("invariant: a run is in the pool")
    }

    /// A `torch.Size` without sizes: another object than all others.
    pub(super) fn empty_size(&mut self) -> Result<Raw, Full> {
        let start = self.source_len.saturating_add(self.pool.len());
        self.pool.push(Raw::None);
        Ok(Raw::Size(Run { start: u32::try_from(start).map_err(|_| Full::Indices)?, len: 0 }))
    }

    /// The size of what a walk goes through, and the memory that it may take: what the file's values left, and
    /// more where values were added. What a program made has no file to measure it by.
    pub(crate) fn room_for_walks(&self, more: usize) -> (u64, Memory) {
        let number = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.memory.since_lifted() {
            Some((left, added)) if self.source_len > 0 => {
                let memory = left.saturating_add(more).saturating_add(added.saturating_mul(8));
                (number(self.source_len.saturating_add(added)), Memory::new(number(memory)))
            }
            _ => (u64::MAX, Memory::unlimited()),
        }
    }

    /// About how much the graph holds: bytes of text and values.
    pub(crate) fn size(&self) -> usize {
        self.source_len.max(self.pool.len().saturating_mul(24)).saturating_add(self.beside.len())
    }

    pub(crate) fn extra(&self, index: u32) -> Option<Extra> {
        at(&self.extras, self.container(index)?.extra?)
    }

    pub(crate) fn set_extra(&mut self, index: u32, extra: Extra) -> Result<(), Full> {
        let known = self.container(index).and_then(|container| container.extra);
        match known.and_then(|known| self.extras.get_mut(known as usize)) {
            Some(place) => *place = extra,
            None => {
                let new = push((&mut self.extras, &mut self.memory), extra)?;
                self.container_mut(index).extra = Some(new);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(graph: &Graph<'_>, index: u32) -> Vec<i64> {
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
        let mut graph = Graph::over(Arc::new([]));
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
        let mut graph = Graph::over(Arc::new([]));
        graph.add_container(ContainerKind::List).unwrap();
        for round in 0..1000 {
            graph.extend(0, &[Raw::Int(round)]).unwrap();
        }
        assert_eq!(ints(&graph, 0), (0..1000).collect::<Vec<_>>());
        assert_eq!(graph.pool.len(), 1000);
    }

    #[test]
    fn dicts_of_the_same_values_grow_apart() {
        let mut graph = Graph::over(Arc::new([]));
        graph.add_dict(&[Raw::Int(1), Raw::Int(2)]).unwrap();
        let run = graph.container(0).unwrap().run;
        for _ in 0..2 {
            graph.add_container_of(ContainerKind::Dict, run).unwrap();
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
        let mut graph = Graph::over(Arc::new([]));
        let first = graph.add_run(&[Raw::Int(1)]).unwrap();
        let second = graph.add_run(&[Raw::Int(2), Raw::Int(3)]).unwrap();
        graph.drop_run(first);
        assert_eq!(graph.pool.len(), 3);
        graph.drop_run(second);
        assert_eq!(graph.pool.len(), 1);
    }
}
