//! Names and values on their way into a map: names are only compared when all are there.

use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use crate::huge_pages;
use crate::name_map::NameMap;
use crate::name_map::duplicates::duplicate;
use crate::name_map::name::Name;

/// For how many bytes a name there is room in the beginning: the first is often the shortest.
const NAME: RangeInclusive<usize> = 24..=64;

/// A map that is being made of names that should differ.
pub(crate) struct NameMapBuilder<V> {
    names: Vec<Name>,
    values: Vec<V>,
    /// The names that are not in `names` yet, one after the other.
    text: String,
    /// The end of each of them.
    ends: Vec<u32>,
}

impl<V> NameMapBuilder<V> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        NameMapBuilder {
            names: Vec::new(),
            values: huge_pages::buffer(capacity),
            text: String::new(),
            ends: huge_pages::buffer(capacity),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn push(&mut self, name: &str, value: V) {
        let end = |text: &String| u32::try_from(text.len().checked_add(name.len())?).ok();
        if end(&self.text).is_none() {
            self.settle();
        }
        if self.text.capacity() == 0 {
            // The others will be about as long.
            let room =
                self.values.capacity().saturating_mul(name.len().clamp(*NAME.start(), *NAME.end()));
            self.text = String::from_utf8(huge_pages::buffer(room)).unwrap_or_default();
        }
        match end(&self.text) {
            Some(end) => {
                self.text.push_str(name);
                self.ends.push(end);
            }
            None => self.names.push(Name::Own(name.into())),
        }
        self.values.push(value);
    }

    /// Makes names of what is in the text.
    fn settle(&mut self) {
        let text = Arc::new(std::mem::take(&mut self.text));
        self.names.reserve_exact(self.ends.len());
        huge_pages::wish_for(&mut self.names);
        let mut start = 0;
        for end in self.ends.drain(..) {
            let len = end.saturating_sub(start);
            self.names.push(Name::Part { text: Arc::clone(&text), start, len });
            start = end;
        }
    }

    /// The map.
    ///
    /// # Errors
    /// The first name that comes twice.
    pub(crate) fn finish(mut self) -> Result<NameMap<V>, String> {
        self.settle();
        match duplicate(&self.names) {
            Some(name) => Err(name.to_owned()),
            None => Ok(self.made()),
        }
    }

    /// Returns the map of names that are known to differ.
    pub(crate) fn distinct(mut self) -> NameMap<V> {
        self.settle();
        debug_assert_eq!(duplicate(&self.names), None, "a name comes once");
        self.made()
    }

    /// The map with the last value of each name, in the place of its first.
    pub(crate) fn last_of_each(mut self) -> NameMap<V> {
        self.settle();
        if duplicate(&self.names).is_none() {
            return self.made();
        }
        let mut map = NameMap::with_capacity(self.names.len());
        for (name, value) in self.names.into_iter().zip(self.values) {
            map.insert(name.to_string(), value);
        }
        map
    }

    fn made(self) -> NameMap<V> {
        NameMap { names: self.names, values: self.values, index: OnceLock::new() }
    }
}
