//! The renamings that PyTorch's utilities and mmengine have, as methods of [`StateMap`].

use crate::map::StateMap;
use crate::mapping::{KeyMap, KeyMapError};

impl StateMap<'_> {
    /// `torch.nn.modules.utils.consume_prefix_in_state_dict_if_present`: takes `prefix` off the
    /// keys that begin with it, and moves these to the end, as PyTorch does; the modules' versions
    /// follow.
    ///
    /// Where PyTorch errs, this does not: keys that would become equal are an error and not
    /// overwritten, a prefix of several segments renames the metadata of its own module and of no
    /// other, and `"module"` means the same as `"module."`. An entry of `_metadata` keeps its place.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tensor = TensorView::from_vec(vec![0.5f32], [1])?;
    /// let mut map = StateMap::new();
    /// map.insert("module.fc.weight", tensor.clone());
    /// map.insert("epoch", tensor);
    /// map.consume_prefix_in_state_dict_if_present("module.")?;
    /// assert_eq!(map.keys().collect::<Vec<_>>(), ["epoch", "fc.weight"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where two keys or two modules would become one; the map is then as it was.
    pub fn consume_prefix_in_state_dict_if_present(
        &mut self,
        prefix: &str,
    ) -> Result<(), KeyMapError> {
        let mapped = KeyMap::new().strip_prefix(prefix).apply(self)?;
        let mut stripped = mapped.renamed.into_iter().map(|(old, _)| old).peekable();
        let (mut kept, mut moved) = (StateMap::new(), StateMap::new());
        for ((old, _), (key, part)) in self.all_keys().zip(mapped.map.parts()) {
            let is_stripped = stripped.next_if(|stripped| stripped == old).is_some();
            let into = if is_stripped { &mut moved } else { &mut kept };
            into.insert_part(key.to_owned(), part);
        }
        for (key, part) in moved.parts() {
            kept.insert_part(key.to_owned(), part);
        }
        *kept.metadata_mut() = mapped.map.metadata().cloned();
        kept.set_of_file(self.of_file().clone());
        *self = kept;
        Ok(())
    }
}

impl<'a> StateMap<'a> {
    /// The same state dict without `prefix` before the keys that begin with it; the order stays.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("_orig_mod.weight", TensorView::from_vec(vec![0.5f32], [1])?);
    /// assert!(map.strip_prefix("_orig_mod")?.contains_key("weight"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where two keys or two modules would become one.
    pub fn strip_prefix(&self, prefix: &str) -> Result<StateMap<'a>, KeyMapError> {
        Ok(KeyMap::new().strip_prefix(prefix).apply(self)?.map)
    }

    /// The same state dict with `prefix` before every key.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::from_vec(vec![0.5f32], [1])?);
    /// assert!(map.add_prefix("backbone")?.contains_key("backbone.weight"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Never: no two keys can become one. (The error is that of the other mappings.)
    pub fn add_prefix(&self, prefix: &str) -> Result<StateMap<'a>, KeyMapError> {
        Ok(KeyMap::new().add_prefix(prefix).apply(self)?.map)
    }

    /// The part of the state dict below `prefix`, without it, as mmengine's
    /// `_load_checkpoint_with_prefix`; with the versions of the modules that are in it.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tensor = TensorView::from_vec(vec![0.5f32], [1])?;
    /// let mut map = StateMap::new();
    /// map.insert("backbone.fc.weight", tensor.clone());
    /// map.insert("head.weight", tensor);
    /// assert_eq!(map.select_prefix("backbone.")?.keys().collect::<Vec<_>>(), ["fc.weight"]);
    /// let error = map.select_prefix("neck").unwrap_err();
    /// assert_eq!(error.to_string(), "neck. is not in the pretrained model");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where no key begins with `prefix`.
    pub fn select_prefix(&self, prefix: &str) -> Result<StateMap<'a>, KeyMapError> {
        Ok(KeyMap::new().select_prefix(prefix).apply(self)?.map)
    }

    /// mmengine's `revise_keys`: each pattern's matches in every key are replaced as by Python's
    /// `re.sub`, the patterns in order. See [`KeyMap::replace`].
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("module.fc.weight", TensorView::from_vec(vec![0.5f32], [1])?);
    /// let revised = map.revise_keys(&[(r"^module\.", ""), (r"^fc\.", "head.")])?;
    /// assert!(revised.contains_key("head.weight"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a pattern or a replacement is wrong, or two keys or two modules would become one.
    #[cfg(feature = "regex")]
    pub fn revise_keys(&self, rules: &[(&str, &str)]) -> Result<StateMap<'a>, KeyMapError> {
        let rules = rules.iter().try_fold(KeyMap::new(), |rules, (pattern, replacement)| {
            rules.replace(pattern, replacement)
        })?;
        Ok(rules.apply(self)?.map)
    }
}
