//! `map_location`: other devices for the tensors of a state dict.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::escape::OneLine;
use crate::map::{Part, StateMap};
use crate::plain_debug::debug_is_display;
use crate::tensor::{Storage, StorageError, Storages, TensorView};

/// The rule for tensors whose storages are elsewhere in a file, like `map_location` of `torch.load`.
///
/// A tensor's bytes are where they are; what changes is the location tag that
/// [`TensorView::location`](crate::TensorView::location) gives, by which a tensor library puts the
/// tensor on a device where it is assigned one, and which is written when the tensor is saved. Tensor types that
/// live in host memory (numbers, `Vec`, arrays, [`CpuTensor`](crate::CpuTensor)) take the elements wherever the tag
/// says they are, and copying into a tensor of a model leaves it on its own device, as in PyTorch.
///
/// | `map_location=` | here |
/// |---|---|
/// | `None` | no mapping: the tags stay as the file has them |
/// | `"cpu"`, `torch.device("cpu")` | `MapLocation::to("cpu")` |
/// | `{"cuda:1": "cuda:0"}` | `MapLocation::table([("cuda:1", "cuda:0")])` |
/// | `lambda storage, tag: ...` | `MapLocation::with(\|tag\| ...)`, called once for each storage |
///
/// A location is what PyTorch can restore: a kind of device in small letters, and for all kinds but `cpu` and `meta`
/// an index if there are several. Tensors that are mapped to `meta` have no elements any more; those that are there
/// already have no storage, and stay.
///
/// ```
/// use statedict::MapLocation;
///
/// let all = MapLocation::to("cpu");
/// let some = MapLocation::table([("cuda:1", "cuda:0")]);
/// let computed = MapLocation::with(|tag| tag.starts_with("cuda").then(|| "cpu".to_owned()));
/// assert_eq!(all.of("cuda:3")?, "cpu");
/// assert_eq!(some.of("cuda:3")?, "cuda:3");
/// assert_eq!(computed.of("mps")?, "mps");
///
/// let error = MapLocation::to("cpu:0").of("cuda:3").unwrap_err();
/// assert_eq!(error.to_string(), "`cpu:0` is no location that PyTorch can restore: `cpu` has no index");
/// # Ok::<(), statedict::mapping::LocationError>(())
/// ```
#[derive(Clone)]
pub struct MapLocation(Rule);

#[derive(Clone)]
enum Rule {
    To(String),
    Table(HashMap<String, String>),
    With(Arc<Function>),
}

type Function = dyn Fn(&str) -> Option<String> + Send + Sync;

impl MapLocation {
    /// Everything goes to `location`.
    pub fn to(location: impl Into<String>) -> Self {
        MapLocation(Rule::To(location.into()))
    }

    /// From location to location; what is not in the table stays.
    pub fn table<F: Into<String>, T: Into<String>>(
        locations: impl IntoIterator<Item = (F, T)>,
    ) -> Self {
        let locations = locations.into_iter().map(|(from, to)| (from.into(), to.into()));
        MapLocation(Rule::Table(locations.collect()))
    }

    /// Moves each storage where `function` says; one that it gives `None` for stays.
    pub fn with(function: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        MapLocation(Rule::With(Arc::new(function)))
    }

    /// Returns the location that a storage at `location` goes to.
    ///
    /// # Errors
    /// Where it goes to what is no location. A location that stays is not looked at.
    pub fn of(&self, location: &str) -> Result<String, LocationError> {
        let mapped = match &self.0 {
            Rule::To(to) => Some(to.clone()),
            Rule::Table(locations) => locations.get(location).cloned(),
            Rule::With(function) => function(location),
        };
        match mapped {
            Some(mapped) => check(&mapped).map(|()| mapped),
            None => Ok(location.to_owned()),
        }
    }
}

/// Checks that PyTorch can restore a storage with this tag, given a device of that kind.
fn check(location: &str) -> Result<(), LocationError> {
    let wrong = |reason| Err(LocationError { location: location.to_owned(), reason });
    let (kind, index) = match location.split_once(':') {
        Some((kind, index)) => (kind, Some(index)),
        None => (location, None),
    };
    let word = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    if !kind.starts_with(|char: char| char.is_ascii_lowercase()) || !kind.chars().all(word) {
        return wrong("it is no kind of device, such as `cuda` in small letters");
    }
    match (kind, index) {
        (_, None) => Ok(()),
        ("cpu", Some(_)) => wrong("`cpu` has no index"),
        ("meta", Some(_)) => wrong("`meta` has no index"),
        (_, Some(index))
            if index.parse::<u8>().is_ok_and(|found| found < 128 && found.to_string() == index) =>
        {
            Ok(())
        }
        _ => wrong("its index is no number of a device"),
    }
}

/// A tensor was to go where PyTorch cannot restore it.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct LocationError {
    /// The location.
    pub location: String,
    /// Why it is none.
    pub reason: &'static str,
}

impl fmt::Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LocationError { location, reason } = self;
        write!(OneLine(f), "`{location}` is no location that PyTorch can restore: {reason}")
    }
}

debug_is_display!(LocationError);

impl std::error::Error for LocationError {}

impl fmt::Debug for MapLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::To(to) => f.debug_tuple("MapLocation").field(to).finish(),
            Rule::Table(locations) => f.debug_tuple("MapLocation").field(locations).finish(),
            Rule::With(_) => f.write_str("MapLocation(..)"),
        }
    }
}

impl<'a> StateMap<'a> {
    /// The same state dict with other location tags. Tensors that share a storage still do; those
    /// within extra state stay as they are, unlike those of a
    /// [`Checkpoint`](crate::Checkpoint::map_location).
    ///
    /// ```
    /// use statedict::{MapLocation, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::from_vec(vec![0.5f32], [1])?);
    /// let map = map.map_location(&MapLocation::to("cuda:0"))?;
    /// assert_eq!(map.get("weight").unwrap().location(), "cuda:0");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a tensor would go to what is no location.
    pub fn map_location(&self, location: &MapLocation) -> Result<StateMap<'a>, LocationError> {
        let storages = self.iter().map(|(_, tensor)| tensor.storage());
        let moved = Relocated::new(storages, location)?;
        let mut map = StateMap::with_capacity(self.len());
        for (key, part) in self.parts() {
            match part {
                Part::Tensor(tensor) => drop(map.insert(key, moved.tensor(tensor))),
                Part::Value(value) => drop(map.insert_value(key, value)),
            }
        }
        *map.metadata_mut() = self.metadata().cloned();
        map.set_of_file(self.of_file().clone());
        Ok(map)
    }
}

/// The same tensor, of a storage that says it is at `location`.
pub(crate) fn relocated<'a>(tensor: TensorView<'a>, location: &str) -> TensorView<'a> {
    if tensor.location() == location {
        return tensor;
    }
    let moved = Moved(vec![(tensor.storage().clone(), location.to_owned())]);
    tensor.over(Storage::new(Arc::new(moved), 0))
}

/// Storages that are elsewhere.
pub(crate) struct Relocated<'a> {
    moved: Arc<dyn Storages + 'a>,
    numbers: HashMap<(usize, u32), u32>,
}

impl<'a> Relocated<'a> {
    /// Maps each of the storages once, in this order.
    pub(crate) fn new<'s>(
        storages: impl Iterator<Item = &'s Storage<'a>>,
        location: &MapLocation,
    ) -> Result<Self, LocationError>
    where
        'a: 's,
    {
        let mut numbers = HashMap::new();
        let mut moved = Vec::new();
        for storage in storages {
            // What is there has no storage, which PyTorch could map.
            if storage.location() == META || numbers.contains_key(&storage.identity()) {
                continue;
            }
            let Ok(number) = u32::try_from(moved.len()) else { break };
            numbers.insert(storage.identity(), number);
            moved.push((storage.clone(), location.of(storage.location())?));
        }
        Ok(Relocated { moved: Arc::new(Moved(moved)), numbers })
    }

    /// The storage where it is now, if it was mapped.
    pub(crate) fn moved(&self, storage: &Storage<'a>) -> Option<Storage<'a>> {
        let &number = self.numbers.get(&storage.identity())?;
        Some(Storage::new(Arc::clone(&self.moved), number))
    }

    /// The tensor where it is now.
    pub(crate) fn tensor(&self, tensor: TensorView<'a>) -> TensorView<'a> {
        match self.moved(tensor.storage()) {
            Some(storage) => tensor.over(storage),
            None => tensor,
        }
    }
}

/// The location of tensors that have no elements.
const META: &str = "meta";

/// Storages with other location tags.
struct Moved<'a>(Vec<(Storage<'a>, String)>);

impl<'a> Moved<'a> {
    fn get(&self, index: u32) -> Result<&(Storage<'a>, String), StorageError> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.0.get(index).ok_or_else(|| StorageError::out_of_range(0, 0, 0))
    }

    /// The storage, if it has bytes where it is now.
    fn with_bytes(&self, index: u32) -> Result<&Storage<'a>, StorageError> {
        match self.get(index)? {
            (_, location) if location == META => Err(StorageError::Absent),
            (storage, _) => Ok(storage),
        }
    }
}

impl Storages for Moved<'_> {
    fn nbytes(&self, index: u32) -> usize {
        self.get(index).map_or(0, |(storage, _)| storage.nbytes())
    }

    fn location(&self, index: u32) -> &str {
        self.get(index).map_or("cpu", |(_, location)| location)
    }

    fn bytes(&self, index: u32) -> Result<Cow<'_, [u8]>, StorageError> {
        self.with_bytes(index)?.bytes()
    }

    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.with_bytes(index)?.read_at(offset, buffer)
    }

    fn reads_parts(&self, index: u32) -> bool {
        self.with_bytes(index).is_ok_and(Storage::reads_parts)
    }

    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.with_bytes(index)?.verify()
    }
}
