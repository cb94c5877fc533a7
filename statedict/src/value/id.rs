//! Which value of a graph is meant.

use crate::value::raw::{Identity, Raw};

/// Which value of a [`Graph`](crate::value::Graph) is meant, for changing it or putting it somewhere.
///
/// It means one object, as in Python: a list that is put into two dicts is one list, and is written once. Two ids
/// are equal if they mean one object; those of numbers are if the numbers are equal. An id is good for the graph
/// that gave it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueId(pub(crate) Raw);

impl ValueId {
    /// The value `None`, which is the same in all graphs.
    pub const NONE: ValueId = ValueId(Raw::None);

    pub(crate) fn identity(self) -> Option<Identity> {
        self.0.identity()
    }
}
