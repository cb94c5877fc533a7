//! What a file has of a state dict, and a map of its tensors has no place for.

use std::fmt::{self, Write};

use crate::escape::OneLine;

/// The texts may be so long together: one dict of attributes can belong to every tensor of a file.
const MAX_TEXT: usize = 1 << 16;

/// The parts of a file's state dict in Python that a [`StateMap`](crate::StateMap) has no place for: what is written of
/// the map is without it.
///
/// A [`Checkpoint`](crate::Checkpoint) keeps all of it, and so do `statedict convert` and `statedict migrate` where they
/// can. `Display` is a list for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotKept {
    items: Vec<NotKeptItem>,
    more: usize,
    text: usize,
}

/// One thing that a map has no place for. `Display` is its path in the state dict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotKeptItem {
    /// An attribute of a tensor, or of the dict itself where the key is empty: `fc.weight@lr_scale`.
    Attribute {
        /// The key of the tensor.
        key: String,
        /// The name of the attribute.
        name: String,
    },
    /// The class of the dict, where it is none of Python's own: `@__class__`. The map is an `OrderedDict`.
    Class {
        /// The key of the dict, where it is within another.
        key: String,
    },
    /// The class of a key that is made from `str`: `fc.weight@key`. The map has a `str`.
    KeyClass {
        /// The key.
        key: String,
    },
    /// That the tensor is an `nn.Parameter`: `fc.weight@parameter`. The map has a tensor with the same `requires_grad`.
    Parameter {
        /// The key.
        key: String,
    },
    /// That it is an array of NumPy: `fc.weight@ndarray`. The map has a tensor.
    Array {
        /// The key.
        key: String,
    },
}

impl NotKept {
    /// The first of them, as many as a text of 64 KiB names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &NotKeptItem> {
        self.items.iter()
    }

    /// How many there are beyond those.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Returns `true` if everything has a place.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.more == 0
    }

    /// Returns `true` if another item of a text of this length is only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.text >= MAX_TEXT
    }

    /// The same without what a model knows of itself: which of its tensors are parameters.
    pub(crate) fn beside_parameters(&self) -> Self {
        let is_other = |item: &&NotKeptItem| !matches!(item, NotKeptItem::Parameter { .. });
        NotKept { items: self.items.iter().filter(is_other).cloned().collect(), ..*self }
    }

    pub(crate) fn count(&mut self, more: usize) {
        self.more += more;
    }

    /// Adds what `item` makes, or counts it.
    pub(crate) fn add(&mut self, len: usize, item: impl FnOnce() -> NotKeptItem) {
        self.text = self.text.saturating_add(len).saturating_add(16);
        if self.is_full() {
            self.text = MAX_TEXT;
            self.more += 1;
        } else {
            self.items.push(item());
        }
    }
}

impl fmt::Display for NotKeptItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotKeptItem::Attribute { key, name } => write!(f, "{key}@{name}"),
            NotKeptItem::Class { key } => write!(f, "{key}@__class__"),
            NotKeptItem::KeyClass { key } => write!(f, "{key}@key"),
            NotKeptItem::Parameter { key } => write!(f, "{key}@parameter"),
            NotKeptItem::Array { key } => write!(f, "{key}@ndarray"),
        }
    }
}

/// So many are named to people.
const SHOWN: usize = 6;

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        for (index, item) in self.items.iter().take(SHOWN).enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        match self.items.len().saturating_sub(SHOWN) + self.more {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for NotKept {
    /// The paths.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(NotKeptItem::to_string))
    }
}
