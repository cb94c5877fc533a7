//! Values that were built, as values of a file are.

use std::sync::Arc;

use crate::codec::read::{ReadOptions, Source, read};
use crate::codec::write::{WriteError, WriteOptions, write_tree};
use crate::value::{SharedValue, Tree};

impl SharedValue {
    /// The value that a tree holds, with its tensors' elements: what a file of it would give.
    ///
    /// ```
    /// use statedict::value::{SharedValue, Tree};
    /// use statedict::StateMap;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut map = StateMap::new();
    /// map.insert_value("_extra_state", SharedValue::of(&Tree::of("calibrated"))?);
    /// assert_eq!(map.value("_extra_state").unwrap().value().as_str(), Some("calibrated"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where PyTorch's format cannot hold it.
    pub fn of(tree: &Tree<'_>) -> Result<SharedValue, WriteError> {
        let mut file = Vec::new();
        write_tree(tree, &mut file, &WriteOptions::default())?;
        let document =
            read(Source::bytes(file), &ReadOptions::default().opaque(true)).map_err(|_| {
                let reason = "cannot be read back from a file";
                WriteError::Unwritable { key: "the value".to_owned(), reason }
            })?;
        let mut graph = document.into_graph();
        // A file does not tell these from other strings, and the next file may have them as well.
        if let Some(graph) = Arc::get_mut(&mut graph) {
            graph.note_interned(tree.interned());
        }
        Ok(SharedValue::new(&graph, graph.root()))
    }

    /// An equal value that is another object.
    pub(crate) fn copied(&self) -> Result<SharedValue, WriteError> {
        let mut tree = Tree::new();
        let root = tree.copy_of(self.value());
        tree.set_root(root);
        SharedValue::of(&tree)
    }
}
