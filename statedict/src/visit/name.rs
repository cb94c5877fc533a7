//! The names of leaves, modules and extra states in their final order.

use crate::visit::ids::{ExtraId, Id, LeafId, ModuleId};
use crate::visit::keys::Key;

/// The final names of a walk.
pub(crate) struct Names {
    pub(crate) leaves: Vec<Name>,
    pub(crate) modules: Vec<Name<ModuleId>>,
    pub(crate) extras: Vec<ExtraName>,
}

/// The name of a leaf, a module or an extra state in the final order; an alias gives it a second name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<I = LeafId> {
    pub(crate) key: Key,
    /// The thing of the walk that has this name.
    pub(crate) id: I,
    pub(crate) alias: bool,
}

impl<I: Id> Name<I> {
    pub(crate) fn new(key: Key, id: I, alias: bool) -> Self {
        Name { key, id, alias }
    }

    /// The number of what has this name.
    pub(crate) fn index(&self) -> usize {
        self.id.index()
    }
}

/// The name of an extra state in the final order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtraName {
    pub(crate) name: Name<ExtraId>,
    /// How many names of leaves come before it.
    pub(crate) position: usize,
}
