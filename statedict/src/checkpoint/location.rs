//! `map_location` for everything in a checkpoint.

use std::collections::HashSet;

use crate::checkpoint::Checkpoint;
use crate::mapping::{LocationError, MapLocation, Relocated};
use crate::tensor::Storage;
use crate::value::{Node, NodeId, Tree};

impl<'a> Checkpoint<'a> {
    /// Gives all tensors other location tags, as `map_location` of `torch.load`: those of every state dict, of
    /// optimizers, of extra states. Tensors that share a storage still do.
    ///
    /// ```
    /// use statedict::{Checkpoint, MapLocation, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("momentum", TensorView::from_vec(vec![0.5f32], [1])?)?;
    /// checkpoint.map_location(&MapLocation::to("cuda:0"))?;
    /// assert_eq!(checkpoint.tensor("momentum")?.location(), "cuda:0");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a tensor would go to what is no location. Nothing is then changed.
    pub fn map_location(&mut self, location: &MapLocation) -> Result<(), LocationError> {
        let tree = self.tree_mut();
        let nodes = with_storages(tree);
        let storages = nodes.iter().filter_map(|&id| storage(tree.get(id)?));
        let relocated = Relocated::new(storages, location)?;
        for id in nodes {
            match tree.get_mut(id) {
                Some(Node::Tensor(tensor)) => tensor.view = relocated.tensor(tensor.view.clone()),
                Some(Node::Storage(storage, _)) => *storage = relocated.storage(storage),
                _ => {}
            }
        }
        Ok(())
    }
}

fn storage<'t, 'a>(node: &'t Node<'a>) -> Option<&'t Storage<'a>> {
    match node {
        Node::Tensor(tensor) => Some(tensor.view.storage()),
        Node::Storage(storage, _) => Some(storage),
        _ => None,
    }
}

/// The tensors and storages of a tree, in the order in which they are written.
fn with_storages(tree: &Tree<'_>) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![tree.root()];
    let mut parts = Vec::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(node) = tree.get(id) else { continue };
        if storage(node).is_some() {
            found.push(id);
        }
        node.push_parts(&mut parts);
        waiting.extend(parts.drain(..).rev());
    }
    found
}
