//! A map with names as keys that keeps its order, made for the keys of files.
//!
//! A million keys are looked at in order far more often than one is looked up, so the index is made when the
//! first is; and keys that were read together lie together.

mod builder;
mod duplicates;
mod name;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

pub(crate) use builder::NameMapBuilder;
use name::Name;

/// Something under each of some names, in order.
pub(crate) struct NameMap<V> {
    names: Vec<Name>,
    values: Vec<V>,
    /// The place of each name: of all names or not there.
    index: OnceLock<Index>,
}

/// The places of names, by their hash. Names come from files: the hash has a seed that no file can know.
#[derive(Clone, Default)]
struct Index {
    state: RandomState,
    /// Of 32 bits: memory would end before they do.
    places: HashTable<u32>,
}

impl Index {
    fn new(names: &[Name]) -> Self {
        let mut index = Index { places: HashTable::with_capacity(names.len()), ..Index::default() };
        (0..names.len()).for_each(|place| index.add(names, place));
        index
    }

    fn hash(&self, name: &str) -> u64 {
        self.state.hash_one(name)
    }

    /// Notes where a new name is.
    fn add(&mut self, names: &[Name], place: usize) {
        let state = &self.state;
        let hash = |place: &u32| state.hash_one(name_at(names, *place));
        let Ok(place) = u32::try_from(place) else { return };
        self.places.insert_unique(hash(&place), place, hash);
    }

    fn find(&self, names: &[Name], name: &str) -> Option<usize> {
        let found = self.places.find(self.hash(name), |&place| name_at(names, place) == name);
        found.map(|&place| place as usize)
    }

    /// Returns the probable place of a name; `None` where it is certainly not there.
    fn guess(&self, name: &str) -> Option<usize> {
        self.places.find(self.hash(name), |_| true).map(|&place| place as usize)
    }

    /// Forgets a name, after which those that follow it move up.
    fn remove(&mut self, names: &[Name], place: usize) {
        let hash = names.get(place).map_or(0, |name| self.hash(name));
        let found = self.places.find_entry(hash, |&found| found as usize == place);
        if let Ok(found) = found {
            found.remove();
        }
        for other in self.places.iter_mut().filter(|other| **other as usize > place) {
            *other -= 1;
        }
    }
}

fn name_at(names: &[Name], place: u32) -> &str {
    names.get(place as usize).map_or("", Name::as_str)
}

impl<V> NameMap<V> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let (names, values) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
        NameMap { names, values, index: OnceLock::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the place of a name.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        if self.names.is_empty() {
            return None;
        }
        self.index.get_or_init(|| Index::new(&self.names)).find(&self.names, name)
    }

    /// Appends the place of each of some names.
    pub(crate) fn index_of_each(&self, names: &[&str], found: &mut Vec<Option<usize>>) {
        let index = self.index.get_or_init(|| Index::new(&self.names));
        // What is asked for is nowhere near the last, so that the time goes into waiting for memory. In steps,
        // the processor waits for several at once.
        let start = found.len();
        found.extend(names.iter().map(|name| index.guess(name)));
        for (place, &name) in found.iter_mut().skip(start).zip(names) {
            let is_right = |guess: usize| self.names.get(guess).is_some_and(|it| **it == *name);
            if place.is_some_and(|guess| !is_right(guess)) {
                *place = index.find(&self.names, name);
            }
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.index_of(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.values.get(self.index_of(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let index = self.index_of(name)?;
        self.values.get_mut(index)
    }

    pub(crate) fn get_index(&self, index: usize) -> Option<(&str, &V)> {
        Some((self.name_at(index)?, self.value_at(index)?))
    }

    #[inline]
    pub(crate) fn name_at(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(Name::as_str)
    }

    #[inline]
    pub(crate) fn value_at(&self, index: usize) -> Option<&V> {
        self.values.get(index)
    }

    /// Puts a value under a name, and returns the one that was there. A new name goes to the end.
    pub(crate) fn insert(&mut self, name: String, value: V) -> Option<V> {
        if let Some(place) = self.get_mut(&name) {
            return Some(std::mem::replace(place, value));
        }
        let place = self.names.len();
        self.names.push(Name::own(name));
        self.values.push(value);
        if let Some(index) = self.index.get_mut() {
            index.add(&self.names, place);
        }
        None
    }

    /// Takes a name out, with where it was and its value; the others keep their order.
    pub(crate) fn remove(&mut self, name: &str) -> Option<(usize, V)> {
        let place = self.index_of(name)?;
        if let Some(index) = self.index.get_mut() {
            index.remove(&self.names, place);
        }
        self.names.remove(place);
        Some((place, self.values.remove(place)))
    }

    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(Name::as_str)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.names().zip(&self.values)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.iter_mut()
    }

    /// The same names with other values.
    pub(crate) fn with_values<W>(self, values: Vec<W>) -> NameMap<W> {
        debug_assert_eq!(self.names.len(), values.len(), "a value for each name");
        NameMap { names: self.names, values, index: self.index }
    }
}

impl<V> Default for NameMap<V> {
    fn default() -> Self {
        NameMap::with_capacity(0)
    }
}

impl<V: Clone> Clone for NameMap<V> {
    fn clone(&self) -> Self {
        let NameMap { names, values, index } = self;
        NameMap { names: names.clone(), values: values.clone(), index: index.clone() }
    }
}

/// Equal where the same names have equal values, in whatever order.
impl<V: PartialEq> PartialEq for NameMap<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<V: Eq> Eq for NameMap<V> {}

impl<V: fmt::Debug> fmt::Debug for NameMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V> FromIterator<(String, V)> for NameMap<V> {
    /// A name that comes twice keeps its first place and its last value.
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut builder = NameMapBuilder::with_capacity(entries.size_hint().0);
        entries.for_each(|(name, value)| builder.push(&name, value));
        builder.last_of_each()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> NameMap<usize> {
        (0..count).map(|number| (format!("layer.{number}"), number)).collect()
    }

    #[test]
    fn names_are_found_whenever_they_came() {
        let mut builder = NameMapBuilder::with_capacity(0);
        (0..1000).for_each(|number| builder.push(&format!("layer.{number}"), number));
        let mut map = builder.finish().unwrap();
        assert!(map.index.get().is_none());
        assert_eq!(map.insert("more".to_owned(), 1000), None);
        assert_eq!(map.insert("layer.7".to_owned(), 7000), Some(7));
        assert_eq!(map.get_index(7), Some(("layer.7", &7000)));
        for (index, name) in map.names().enumerate() {
            assert_eq!(map.index_of(name), Some(index));
        }
        assert_eq!(map.index_of("layer.1000"), None);
        let mut found = Vec::new();
        map.index_of_each(&["layer.1000", "layer.999", "more", "layer.0"], &mut found);
        assert_eq!(found, [None, Some(999), Some(1000), Some(0)]);
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_is_kept_in_the_first_place() {
        let entries = [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)];
        let map: NameMap<i32> =
            entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(map.iter().collect::<Vec<_>>(), [("a", &3), ("b", &5), ("c", &4)]);
    }

    #[test]
    fn what_follows_a_removed_name_moves_up() {
        let mut map = numbered(100);
        assert_eq!(map.remove("layer.40"), Some((40, 40)));
        assert_eq!(map.remove("layer.40"), None);
        assert_eq!(map.remove("layer.0"), Some((0, 0)));
        assert_eq!(map.len(), 98);
        for (index, (name, value)) in map.iter().enumerate() {
            assert_eq!(
                (map.index_of(name), format!("layer.{value}")),
                (Some(index), name.to_owned())
            );
        }
        map.insert("layer.40".to_owned(), 0);
        assert_eq!(map.index_of("layer.40"), Some(98));
    }

    #[test]
    fn a_copy_is_equal_and_by_itself() {
        let map = numbered(10);
        let mut copy = map.clone();
        assert!(copy == map);
        *copy.get_mut("layer.3").unwrap() = 0;
        assert!(copy != map);
        assert_eq!(map.get("layer.3"), Some(&3));
        let mut entries: Vec<_> =
            map.iter().map(|(name, value)| (name.to_owned(), *value)).collect();
        entries.reverse();
        let reversed: NameMap<usize> = entries.into_iter().collect();
        assert!(reversed == map);
    }
}
