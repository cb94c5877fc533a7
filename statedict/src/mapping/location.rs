//! `map_location`: other devices for the tensors of a state dict.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::map::{Part, StateMap};
use crate::tensor::{Storage, StorageError, Storages, TensorView};

/// Where tensors go whose storages a file says to be elsewhere, as `map_location` of `torch.load`.
///
/// A tensor's bytes are where they are; what changes is the location tag that
/// [`TensorView::location`](crate::TensorView::location) gives, by which a tensor library puts the
/// tensor on a device. Without a mapping the tags stay as the file has them.
///
/// ```
/// use statedict::MapLocation;
///
/// let all = MapLocation::to("cpu");
/// let some = MapLocation::table([("cuda:1", "cuda:0")]);
/// let computed = MapLocation::with(|tag| tag.starts_with("cuda").then(|| "cpu".to_owned()));
/// assert_eq!(all.of("cuda:3"), "cpu");
/// assert_eq!(some.of("cuda:3"), "cuda:3");
/// assert_eq!(computed.of("mps"), "mps");
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

    /// Where `function` says; what it gives `None` for stays.
    pub fn with(function: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        MapLocation(Rule::With(Arc::new(function)))
    }

    /// Where a storage at `location` goes.
    pub fn of(&self, location: &str) -> String {
        let mapped = match &self.0 {
            Rule::To(to) => Some(to.clone()),
            Rule::Table(locations) => locations.get(location).cloned(),
            Rule::With(function) => function(location),
        };
        mapped.unwrap_or_else(|| location.to_owned())
    }
}

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
    /// within extra state stay as they are.
    ///
    /// ```
    /// use statedict::{MapLocation, StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::from_vec(vec![0.5f32], [1])?);
    /// let map = map.map_location(&MapLocation::to("cuda:0"));
    /// assert_eq!(map.get("weight").unwrap().location(), "cuda:0");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn map_location(&self, location: &MapLocation) -> StateMap<'a> {
        let mut numbers = HashMap::new();
        let mut moved = Vec::new();
        for (_, tensor) in self.iter() {
            let storage = tensor.storage();
            numbers.entry(storage.identity()).or_insert_with(|| {
                moved.push((storage.clone(), location.of(storage.location())));
                moved.len() - 1
            });
        }
        let moved: Arc<dyn Storages + 'a> = Arc::new(Moved(moved));
        let mut map = StateMap::with_capacity(self.len());
        for (key, part) in self.parts() {
            let tensor = match part {
                Part::Tensor(tensor) => tensor,
                Part::Value(value) => {
                    map.insert_value(key, value);
                    continue;
                }
            };
            let number = numbers.get(&tensor.storage().identity()).copied();
            let tensor = match number.and_then(|number| u32::try_from(number).ok()) {
                Some(number) => tensor.over(Storage::new(Arc::clone(&moved), number)),
                None => tensor,
            };
            map.insert(key, tensor);
        }
        *map.metadata_mut() = self.metadata().cloned();
        map
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

/// Storages with other location tags.
struct Moved<'a>(Vec<(Storage<'a>, String)>);

impl<'a> Moved<'a> {
    fn get(&self, index: u32) -> Result<&(Storage<'a>, String), StorageError> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.0.get(index).ok_or_else(|| StorageError::out_of_range(0, 0, 0))
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
        self.get(index)?.0.bytes()
    }

    fn read_at(&self, index: u32, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.get(index)?.0.read_at(offset, buffer)
    }

    fn verify(&self, index: u32) -> Result<(), StorageError> {
        self.get(index)?.0.verify()
    }
}
