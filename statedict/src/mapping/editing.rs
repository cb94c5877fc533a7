//! Whole state dicts put together, taken apart and renamed, as methods of [`StateMap`].

use crate::map::StateMap;
use crate::mapping::{KeyMap, KeyMapError};

impl<'a> StateMap<'a> {
    /// Adds the entries of `other` after those that are here, with the versions of its modules: the shards of one
    /// model, or a part of another.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (mut model, mut shard) = (StateMap::new(), StateMap::new());
    /// model.insert("fc1.weight", TensorView::full(1.0f32, [2])?);
    /// shard.insert("fc2.weight", TensorView::full(2.0f32, [2])?);
    ///
    /// model.extend(&shard)?;
    /// assert_eq!(model.keys().collect::<Vec<_>>(), ["fc1.weight", "fc2.weight"]);
    /// let error = model.extend(&shard).unwrap_err();
    /// assert_eq!(error.to_string(), "both state dicts have `fc2.weight`");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a key is in both, or a module has another version in each; nothing is then added.
    pub fn extend(&mut self, other: &StateMap<'a>) -> Result<(), KeyMapError> {
        let is_here = |key: &str| self.contains_key(key) || self.value(key).is_some();
        if let Some((key, _)) = other.all_keys().find(|(key, _)| is_here(key)) {
            return Err(KeyMapError::InBoth { key: key.to_owned() });
        }
        let known = self.metadata().cloned();
        if let Some(records) = other.metadata() {
            let mut all = known.unwrap_or_default();
            for (path, record) in records.iter() {
                match all.get(path) {
                    Some(known) if known == record => {}
                    Some(_) => return Err(KeyMapError::OtherVersion { path: path.to_owned() }),
                    None => drop(all.insert(path, record.clone())),
                }
            }
            *self.metadata_mut() = Some(all);
        }
        for (key, part) in other.parts() {
            self.insert_part(key.to_owned(), part);
        }
        Ok(())
    }

    /// Renames one key, or a module with everything below it and its version; the order stays. For several at once
    /// see [`KeyMap::rename_all`].
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::full(1.0f32, [2])?);
    /// map.rename("fc", "head")?;
    /// assert!(map.contains_key("head.weight"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is no such name, or two keys or two modules would become one; the map is then as it was.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), KeyMapError> {
        *self = KeyMap::new().rename(from, to).apply(self)?.map;
        Ok(())
    }

    /// The entries whose keys are wanted, under the same keys and with the versions of all modules.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("backbone.weight", TensorView::full(1.0f32, [2])?);
    /// map.insert("head.weight", TensorView::full(2.0f32, [2])?);
    /// let map = map.select(|key| !key.starts_with("head."));
    /// assert_eq!(map.keys().collect::<Vec<_>>(), ["backbone.weight"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn select(&self, mut wanted: impl FnMut(&str) -> bool) -> StateMap<'a> {
        let mut selected = StateMap::new();
        for (key, part) in self.parts().filter(|(key, _)| wanted(key)) {
            selected.insert_part(key.to_owned(), part);
        }
        *selected.metadata_mut() = self.metadata().cloned();
        selected.set_of_file(self.of_file().clone());
        selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Metadata, ModuleMetadata};
    use crate::tensor::TensorView;

    fn map(key: &str, version: u64) -> StateMap<'static> {
        let mut map = StateMap::new();
        map.insert(key, TensorView::full(1.0f32, [1]).unwrap());
        let mut metadata = Metadata::default();
        metadata.insert("", ModuleMetadata::with_version(version));
        metadata.insert(key, ModuleMetadata::with_version(version));
        *map.metadata_mut() = Some(metadata);
        map
    }

    #[test]
    fn a_map_that_cannot_be_extended_is_as_it_was() {
        let mut whole = map("a", 1);
        let error = whole.extend(&map("b", 2)).unwrap_err();
        assert_eq!(error, KeyMapError::OtherVersion { path: String::new() });
        let error = whole.extend(&map("a", 1)).unwrap_err();
        assert_eq!(error, KeyMapError::InBoth { key: "a".to_owned() });
        assert_eq!(whole.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!((whole.version("a"), whole.version("b")), (Some(1), None));
    }

    #[test]
    fn versions_come_with_their_keys() {
        let mut whole = map("a", 1);
        whole.extend(&map("b", 1)).unwrap();
        assert_eq!((whole.version("a"), whole.version("b")), (Some(1), Some(1)));
        whole.rename("b", "c").unwrap();
        assert_eq!((whole.version("b"), whole.version("c")), (None, Some(1)));
        assert_eq!(whole.select(|key| key == "c").version("c"), Some(1));
    }
}
