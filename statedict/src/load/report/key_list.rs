//! Keys in order, without an allocation for each.

use std::fmt;

/// Keys in order: a list of strings that lie together, since a load of a large model has very many.
///
/// It compares with arrays, slices and vectors of strings:
///
/// ```
/// use statedict::load::KeyList;
///
/// let keys: KeyList = ["fc.weight", "fc.bias"].into_iter().collect();
/// assert_eq!(keys, ["fc.weight", "fc.bias"]);
/// assert_eq!(keys.len(), 2);
/// assert_eq!(keys.get(1), Some("fc.bias"));
/// assert_eq!(keys.join(", "), "fc.weight, fc.bias");
/// assert!(keys.iter().all(|key| key.starts_with("fc.")));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeyList {
    text: String,
    /// The end of each key in the text.
    ends: Vec<usize>,
}

impl KeyList {
    /// One with room for `capacity` keys.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        KeyList { text: String::new(), ends: Vec::with_capacity(capacity) }
    }

    pub(crate) fn push(&mut self, key: &str) {
        self.text.push_str(key);
        self.ends.push(self.text.len());
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.text.get(start.unwrap_or(0)..end)
    }

    /// The keys in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let key = self.text.get(start..end).unwrap_or_default();
            start = end;
            key
        })
    }

    /// Returns `true` if `key` is one of them; linear in their number.
    pub fn contains(&self, key: &str) -> bool {
        self.iter().any(|found| found == key)
    }

    /// The keys as one text, with `separator` between them.
    pub fn join(&self, separator: &str) -> String {
        self.iter().collect::<Vec<_>>().join(separator)
    }
}

impl<S: AsRef<str>> FromIterator<S> for KeyList {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        let mut list = KeyList::default();
        keys.into_iter().for_each(|key| list.push(key.as_ref()));
        list
    }
}

impl<S: AsRef<str>> PartialEq<[S]> for KeyList {
    fn eq(&self, other: &[S]) -> bool {
        self.iter().eq(other.iter().map(AsRef::as_ref))
    }
}

impl<S: AsRef<str>, const N: usize> PartialEq<[S; N]> for KeyList {
    fn eq(&self, other: &[S; N]) -> bool {
        *self == other[..]
    }
}

impl<S: AsRef<str>> PartialEq<Vec<S>> for KeyList {
    fn eq(&self, other: &Vec<S>) -> bool {
        *self == other[..]
    }
}

impl fmt::Debug for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_be_empty_and_of_any_length() {
        let keys = ["", "ключ", "", "a.b"];
        let list: KeyList = keys.iter().collect();
        assert_eq!(list, keys);
        assert_eq!(list, keys.map(str::to_owned).to_vec());
        assert_ne!(list, ["", "ключ", "a.b"]);
        assert_eq!((0..5).map(|index| list.get(index)).collect::<Vec<_>>().len(), 5);
        assert_eq!([list.get(0), list.get(1), list.get(4)], [Some(""), Some("ключ"), None]);
        assert!(list.contains("a.b") && !list.contains("b"));
        assert_eq!(format!("{list:?}"), r#"["", "ключ", "", "a.b"]"#);
        assert!(KeyList::default().is_empty());
    }
}
