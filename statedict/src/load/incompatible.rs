//! The two lists of keys, and how Python shows them.

use std::fmt;

use crate::load::python;

/// The keys that are missing and those that are unexpected: what `load_state_dict` of PyTorch
/// returns. `Display` is Python's `repr`, character for character.
///
/// ```
/// use statedict::IncompatibleKeys;
///
/// let mut keys = IncompatibleKeys::default();
/// assert_eq!(keys.to_string(), "<All keys matched successfully>");
/// keys.missing_keys.push("fc.bias".to_owned());
/// assert_eq!(keys.to_string(), "_IncompatibleKeys(missing_keys=['fc.bias'], unexpected_keys=[])");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncompatibleKeys {
    /// The keys that the model has and the state dict has not.
    pub missing_keys: Vec<String>,
    /// The keys that the state dict has and the model has not.
    pub unexpected_keys: Vec<String>,
}

impl IncompatibleKeys {
    /// Whether both lists are empty.
    pub fn is_empty(&self) -> bool {
        self.missing_keys.is_empty() && self.unexpected_keys.is_empty()
    }
}

impl fmt::Display for IncompatibleKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("<All keys matched successfully>");
        }
        let list = |keys: &[String]| {
            keys.iter().map(|key| python::repr(key)).collect::<Vec<_>>().join(", ")
        };
        write!(
            f,
            "_IncompatibleKeys(missing_keys=[{}], unexpected_keys=[{}])",
            list(&self.missing_keys),
            list(&self.unexpected_keys)
        )
    }
}
