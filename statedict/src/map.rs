//! The map that `state_dict()` returns.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};

use crate::metadata::Metadata;
use crate::name_map::NameMap;
use crate::not_kept::NotKept;
use crate::tensor::{StorageError, TensorView};
use crate::value::SharedValue;

/// A state dict: keys in order, a tensor under each, and the modules' versions.
///
/// This is what `torch.nn.Module.state_dict()` returns: an ordered dict with `_metadata` beside it.
/// The lifetime is that of what the tensors borrow: `'static` for a map read from a file.
///
/// ```
/// use statedict::{StateMap, TensorView};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
/// map.insert("fc.bias", TensorView::from_vec(vec![0.0f32; 2], [2])?);
///
/// let keys: Vec<&str> = map.keys().collect();
/// assert_eq!(keys, ["fc.weight", "fc.bias"]);
/// assert_eq!(map.get("fc.weight").unwrap().shape(), &[2, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct StateMap<'a> {
    entries: NameMap<TensorView<'a>>,
    metadata: Option<Metadata>,
    values: NameMap<Placed>,
    file: OfFile,
}

/// What a map keeps of the file that it was read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfFile {
    metadata: BTreeMap<String, String>,
    not_kept: NotKept,
}

/// The value of a state dict under a key.
#[derive(Debug, Clone)]
pub(crate) enum Part<'a> {
    Tensor(TensorView<'a>),
    /// Extra state of a module.
    Value(SharedValue),
}

/// A value that is no tensor, and how many tensors come before it.
#[derive(Debug, Clone)]
struct Placed {
    position: usize,
    value: SharedValue,
}

impl<'a> StateMap<'a> {
    /// A map without keys and without metadata.
    pub fn new() -> Self {
        StateMap::default()
    }

    /// A map with room for `capacity` keys.
    pub fn with_capacity(capacity: usize) -> Self {
        StateMap { entries: NameMap::with_capacity(capacity), ..StateMap::default() }
    }

    /// The tensor under `key`.
    pub fn get(&self, key: &str) -> Option<&TensorView<'a>> {
        self.entries.get(key)
    }

    /// Returns `true` if there is a tensor under `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.contains(key)
    }

    /// Puts a tensor under `key`, and returns the one that was there.
    /// A new key goes to the end, a replaced one keeps its place.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        tensor: TensorView<'a>,
    ) -> Option<TensorView<'a>> {
        self.entries.insert(key.into(), tensor)
    }

    /// Takes the tensor under `key` out; the others keep their order. Linear in the number of keys.
    pub fn remove(&mut self, key: &str) -> Option<TensorView<'a>> {
        let (index, tensor) = self.entries.remove(key)?;
        for placed in self.values.values_mut().filter(|placed| placed.position > index) {
            placed.position -= 1;
        }
        Some(tensor)
    }

    /// The entries that are no tensors, in order: the extra state of modules that have a `get_extra_state()`, under keys
    /// that end in `_extra_state`, and whatever else a module saved, such as the dtypes and packed parameters of quantized
    /// modules. A load finds no place for the latter, which are unexpected keys; writing keeps both.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&str, &SharedValue)> {
        self.values.iter().map(|(key, placed)| (key, &placed.value))
    }

    /// The value under `key` that is no tensor.
    pub fn value(&self, key: &str) -> Option<&SharedValue> {
        self.values.get(key).map(|placed| &placed.value)
    }

    /// How many tensors come before the value under `key`.
    pub fn value_position(&self, key: &str) -> Option<usize> {
        self.values.get(key).map(|placed| placed.position)
    }

    /// Puts a value that is no tensor under `key`, after the tensors that are there, and returns the
    /// value that was there. A replaced one keeps its place.
    pub fn insert_value(
        &mut self,
        key: impl Into<String>,
        value: SharedValue,
    ) -> Option<SharedValue> {
        self.place_value(key.into(), value, self.entries.len())
    }

    /// The same, after `position` tensors; values come in the order of their positions.
    pub(crate) fn place_value(
        &mut self,
        key: String,
        value: SharedValue,
        position: usize,
    ) -> Option<SharedValue> {
        if let Some(known) = self.values.get_mut(&key) {
            return Some(std::mem::replace(&mut known.value, value));
        }
        self.values.insert(key, Placed { position, value });
        None
    }

    /// Takes the value under `key` out; the others keep their order.
    pub fn remove_value(&mut self, key: &str) -> Option<SharedValue> {
        self.values.remove(key).map(|(_, placed)| placed.value)
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.names()
    }

    /// The keys and their tensors in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &TensorView<'a>)> {
        self.entries.iter()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns `true` if there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The key and tensor at `index`, counted in order.
    pub fn get_index(&self, index: usize) -> Option<(&str, &TensorView<'a>)> {
        self.entries.get_index(index)
    }

    /// Returns the key at a position where one was found.
    pub(crate) fn key_at(&self, index: usize) -> &str {
        self.entries.name_at(index).expect("invariant: an entry was found in this map")
    }

    /// The same of the tensor.
    pub(crate) fn tensor_at(&self, index: usize) -> &TensorView<'a> {
        self.entries.value_at(index).expect("invariant: an entry was found in this map")
    }

    /// Returns the position of `key` in the order.
    pub fn index_of(&self, key: &str) -> Option<usize> {
        self.entries.index_of(key)
    }

    /// Returns the position of `key`, `next` being where it is looked for first: in a file saved by the same model each
    /// key is the one after the last, and nothing is hashed.
    pub(crate) fn find_next(&self, next: &mut usize, key: &str) -> Option<usize> {
        let index = match self.entries.name_at(*next) {
            Some(found) if found == key => Some(*next),
            _ => self.index_of(key),
        };
        *next = index.map_or(*next, |index| index + 1);
        index
    }

    /// The same for several keys that follow each other.
    pub(crate) fn find_each(
        &self,
        next: &mut usize,
        keys: &[&str],
        found: &mut Vec<Option<usize>>,
    ) {
        let mut keys = keys;
        while let Some((&key, rest)) = keys.split_first()
            && self.entries.name_at(*next) == Some(key)
        {
            found.push(Some(*next));
            *next += 1;
            keys = rest;
        }
        if !keys.is_empty() {
            self.entries.index_of_each(keys, found);
            *next = found.last().copied().flatten().map_or(*next, |last| last + 1);
        }
    }

    /// The modules' versions; `None` where the map came without `_metadata`.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The modules' versions for changing; see [`metadata`](Self::metadata).
    pub fn metadata_mut(&mut self) -> &mut Option<Metadata> {
        &mut self.metadata
    }

    /// Returns the `__metadata__` that a safetensors file has beside its tensors: text under names. What saving
    /// records there itself (the order, the versions and the ties) is not in it. Files of torch.save have no
    /// place for it.
    ///
    /// ```
    /// # #[cfg(feature = "safetensors")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use statedict::{StateMap, TensorView};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.safetensors");
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::full(1.0f32, [4])?);
    /// map.file_metadata_mut().insert("license".into(), "MIT".into());
    /// map.save(&path)?;
    /// assert_eq!(StateMap::load(&path)?.file_metadata()["license"], "MIT");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "safetensors"))]
    /// # fn main() {}
    /// ```
    pub fn file_metadata(&self) -> &BTreeMap<String, String> {
        &self.file.metadata
    }

    /// Returns the file's metadata for changing; see [`file_metadata`](Self::file_metadata).
    pub fn file_metadata_mut(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.file.metadata
    }

    /// Returns what the file has of the state dict that this map has no place for, such as attributes of tensors and
    /// classes of keys; empty of a map that was not read from a file.
    ///
    /// The paths are those of the file, whatever became of the keys since.
    pub fn not_kept(&self) -> &NotKept {
        &self.file.not_kept
    }

    pub(crate) fn set_not_kept(&mut self, not_kept: NotKept) {
        self.file.not_kept = not_kept;
    }

    /// Returns what is known of the file, for a map that is made of this one.
    pub(crate) fn of_file(&self) -> &OfFile {
        &self.file
    }

    /// Takes what is known of the file of the map that this one is made of.
    pub(crate) fn set_of_file(&mut self, file: OfFile) {
        self.file = file;
    }

    /// The version with which the module at `path` was saved, if the map says.
    pub fn version(&self, path: &str) -> Option<u64> {
        self.metadata.as_ref()?.version(path)
    }

    /// Every key in order, tensors' and others'; with the number of the tensor, where it is one.
    pub(crate) fn all_keys(&self) -> impl Iterator<Item = (&str, Option<usize>)> {
        let mut values = self.values.iter().peekable();
        let mut tensors = self.entries.names().enumerate().peekable();
        std::iter::from_fn(move || {
            let next = tensors.peek().map_or(usize::MAX, |(index, _)| *index);
            if let Some((key, _)) = values.next_if(|(_, placed)| placed.position <= next) {
                return Some((key, None));
            }
            tensors.next().map(|(index, key)| (key, Some(index)))
        })
    }

    /// Every key in order with what is under it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, Part<'a>)> {
        self.all_keys().filter_map(|(key, index)| {
            let part = match index {
                Some(index) => Part::Tensor(self.get_index(index)?.1.clone()),
                None => Part::Value(self.value(key)?.clone()),
            };
            Some((key, part))
        })
    }

    /// A map of these tensors, without metadata.
    pub(crate) fn from_tensors(entries: NameMap<TensorView<'a>>) -> Self {
        StateMap { entries, ..StateMap::default() }
    }

    /// Puts what is of either kind under `key`, at the end.
    pub(crate) fn insert_part(&mut self, key: String, part: Part<'a>) {
        match part {
            Part::Tensor(tensor) => drop(self.insert(key, tensor)),
            Part::Value(value) => drop(self.insert_value(key, value)),
        }
    }

    /// A map of these keys, without metadata.
    pub(crate) fn from_parts(parts: impl IntoIterator<Item = (String, Part<'a>)>) -> Self {
        let mut map = StateMap::new();
        parts.into_iter().for_each(|(key, part)| map.insert_part(key, part));
        map
    }

    /// The same map with every tensor's bytes in memory of its own, free of the model or file they
    /// came from: what `copy.deepcopy(model.state_dict())` is for. Tensors that are the same view of
    /// one storage still share one.
    ///
    /// # Errors
    /// Where a tensor's bytes cannot be read.
    pub fn into_owned(self) -> Result<StateMap<'static>, StorageError> {
        let mut owned: Vec<TensorView<'static>> = Vec::with_capacity(self.entries.len());
        let mut first: HashMap<(usize, u32), Vec<usize>> = HashMap::new();
        for (index, (_, tensor)) in self.entries.iter().enumerate() {
            let seen = first.entry(tensor.storage().identity()).or_default();
            let is_same = |other: usize| {
                self.entries.get_index(other).is_some_and(|(_, other)| other.same_as(tensor))
            };
            let shared = seen.iter().find(|&&other| is_same(other));
            let view = match shared.and_then(|&other| owned.get(other)) {
                Some(view) => view.clone(),
                None => {
                    seen.push(index);
                    tensor.clone().into_owned()?
                }
            };
            owned.push(view);
        }
        let entries = self.entries.with_values(owned);
        Ok(StateMap { entries, ..StateMap { entries: NameMap::default(), ..self } })
    }
}

impl<'a> FromIterator<(String, TensorView<'a>)> for StateMap<'a> {
    /// Collects keys and tensors; a key that comes twice keeps its first place and its last tensor.
    fn from_iter<I: IntoIterator<Item = (String, TensorView<'a>)>>(entries: I) -> Self {
        StateMap { entries: entries.into_iter().collect(), ..StateMap::default() }
    }
}
