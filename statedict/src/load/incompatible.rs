//! The two lists of keys, and how Python shows them.

use std::fmt;

use foldhash::{HashSet, HashSetExt};

use crate::load::torch::repr::repr;
use crate::map::StateMap;

/// The keys that are missing and those that are unexpected: what `load_state_dict` of PyTorch
/// returns. `Display` is Python's `repr`, character for character.
///
/// ```
/// use statedict::load::IncompatibleKeys;
///
/// let mut keys = IncompatibleKeys::default();
/// assert_eq!(keys.to_string(), "<All keys matched successfully>");
/// keys.missing_keys.push("fc.bias".to_owned());
/// assert_eq!(keys.to_string(), "_IncompatibleKeys(missing_keys=['fc.bias'], unexpected_keys=[])");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompatibleKeys {
    /// The keys that the model has and the state dict has not.
    pub missing_keys: Vec<String>,
    /// The keys that the state dict has and the model has not.
    pub unexpected_keys: Vec<String>,
}

impl IncompatibleKeys {
    /// Returns `true` if both lists are empty.
    pub fn is_empty(&self) -> bool {
        self.missing_keys.is_empty() && self.unexpected_keys.is_empty()
    }
}

/// So many keys are looked up together.
const BATCH: usize = 64;

impl StateMap<'_> {
    /// Compares the keys with those that are expected: what a strict load asks of the keys alone. Linear in
    /// both; nothing is hashed where the order is the same.
    ///
    /// Missing keys are in the order of `expected`, unexpected ones in that of the map.
    ///
    /// ```
    /// use statedict::{StateMap, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert("fc.weight", TensorView::from_vec(vec![0.5f32; 6], [2, 3])?);
    /// map.insert("fc.scale", TensorView::from_vec(vec![1.0f32], [])?);
    /// let keys = map.check_keys(["fc.weight", "fc.bias"]);
    /// assert_eq!(keys.missing_keys, ["fc.bias"]);
    /// assert_eq!(keys.unexpected_keys, ["fc.scale"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_keys<'k>(&self, expected: impl IntoIterator<Item = &'k str>) -> IncompatibleKeys {
        let mut keys = IncompatibleKeys::default();
        let mut used = vec![false; self.len()];
        let mut values = HashSet::new();
        let mut next = 0;
        let mut expected = expected.into_iter();
        let (mut batch, mut found) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        loop {
            batch.clear();
            batch.extend(expected.by_ref().take(BATCH));
            if batch.is_empty() {
                break;
            }
            found.clear();
            self.find_each(&mut next, &batch, &mut found);
            for (&key, &place) in batch.iter().zip(&found) {
                match place {
                    Some(place) => used[place] = true,
                    None if self.value(key).is_some() => drop(values.insert(key)),
                    None => keys.missing_keys.push(key.to_owned()),
                }
            }
        }
        if self.values().len() == values.len() && used.iter().all(|&used| used) {
            return keys;
        }
        let is_used = |key: &str, index: Option<usize>| match index {
            Some(index) => used[index],
            None => values.contains(key),
        };
        let unexpected = self.all_keys().filter(|&(key, index)| !is_used(key, index));
        keys.unexpected_keys.extend(unexpected.map(|(key, _)| key.to_owned()));
        keys
    }
}

impl fmt::Display for IncompatibleKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("<All keys matched successfully>");
        }
        let list =
            |keys: &[String]| keys.iter().map(|key| repr(key)).collect::<Vec<_>>().join(", ");
        write!(
            f,
            "_IncompatibleKeys(missing_keys=[{}], unexpected_keys=[{}])",
            list(&self.missing_keys),
            list(&self.unexpected_keys)
        )
    }
}
