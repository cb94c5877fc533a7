//! Putting values into a checkpoint, and taking them out.

use crate::checkpoint::Checkpoint;
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::part::{Part, Shape};
use crate::checkpoint::path::{Segment, ValuePath};
use crate::checkpoint::read::absent;
use crate::collect;
use crate::map::StateMap;
use crate::value::{Node, NodeId, Tree, Value};
use crate::visit::StateDict;

impl<'a> Checkpoint<'a> {
    /// Puts the state dict of a model at a path. Its tensors are borrowed, and read when the checkpoint is saved.
    ///
    /// A path leads to a key of a dict, where the value that was there is replaced in its place and a new one
    /// goes to the end, or to an item of a list. What it leads through must be there. A container that is in the
    /// checkpoint under several paths is one, as in Python, and changes under all of them.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::Checkpoint;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (generator, discriminator) = (Linear { weight: vec![1.0] }, Linear { weight: vec![2.0] });
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_state_dict("modelA_state_dict", &generator)?;
    /// checkpoint.set_state_dict("modelB_state_dict", &discriminator)?;
    /// assert_eq!(checkpoint.state_dict("modelB_state_dict")?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the model has no state dict, or the path leads nowhere.
    pub fn set_state_dict<M: StateDict + ?Sized>(
        &mut self,
        path: impl Into<ValuePath>,
        model: &'a M,
    ) -> Result<(), CheckpointError> {
        let map = collect::state_dict(model)?;
        self.set_state_map(path, &map)
    }

    /// Puts a state dict at a path; see [`set_state_dict`](Self::set_state_dict).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_state_map(
        &mut self,
        path: impl Into<ValuePath>,
        map: &StateMap<'a>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |tree| Ok(tree.state_map(map)))
    }

    /// Puts a value without parts at a path: a number, a text, a tensor, `()` for `None`; see
    /// [`set_state_dict`](Self::set_state_dict).
    ///
    /// ```
    /// use statedict::{Checkpoint, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_value("epoch", 5)?;
    /// checkpoint.set_value("rng_state", TensorView::from_vec(vec![0u8; 5056], [5056])?)?;
    /// assert_eq!(checkpoint.tensor("rng_state")?.shape(), &[5056]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the path leads nowhere. Where the value has parts, which are of a tree:
    /// [`set_tree`](Self::set_tree) takes both.
    pub fn set_value(
        &mut self,
        path: impl Into<ValuePath>,
        value: impl Into<Node<'a>>,
    ) -> Result<(), CheckpointError> {
        let (path, value) = (path.into(), value.into());
        let mut parts = Vec::new();
        value.push_parts(&mut parts);
        if !parts.is_empty() {
            let reason = "its parts are of a tree: `set_tree` takes both".to_owned();
            return Err(CheckpointError::Encode { path, reason });
        }
        self.put(&path, |tree| Ok(tree.add(value)))
    }

    /// Puts what a tree holds at a path; see [`set_state_dict`](Self::set_state_dict).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_tree(
        &mut self,
        path: impl Into<ValuePath>,
        value: &Tree<'a>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |tree| Ok(tree.copy_part(value, value.root())))
    }

    /// Puts a copy of a value of another file at a path; see [`set_state_dict`](Self::set_state_dict).
    ///
    /// # Errors
    /// Where the path leads nowhere.
    pub fn set_copy(
        &mut self,
        path: impl Into<ValuePath>,
        value: Value<'_>,
    ) -> Result<(), CheckpointError> {
        self.put(&path.into(), |tree| Ok(tree.copy_of(value)))
    }

    /// The value at a path with all its parts, as a tree of its own. Tensors are lazy views still.
    ///
    /// # Errors
    /// Where there is nothing at the path.
    pub fn tree(&self, path: impl Into<ValuePath>) -> Result<Tree<'a>, CheckpointError> {
        Ok(self.part(&path.into())?.tree())
    }

    /// The whole checkpoint as a tree, for edits of any kind.
    ///
    /// Of an opened file everything is copied but the tensors' elements.
    pub fn tree_mut(&mut self) -> &mut Tree<'a> {
        if let Some(document) = self.file.take() {
            self.tree = Part::File(document.root()).tree();
        }
        &mut self.tree
    }

    /// Takes an entry out of a dict; the others keep their order.
    ///
    /// # Errors
    /// Where there is nothing at the path, or what it is in is no dict.
    pub fn remove(&mut self, path: impl Into<ValuePath>) -> Result<(), CheckpointError> {
        let path = path.into();
        self.part(&path)?;
        let Some((parent, last)) = path.split_last() else {
            return Err(unfit(&path, "in a dict", "in nothing".to_owned()));
        };
        let place = self.part(&parent)?;
        if place.entries().is_none() {
            let found = place.described();
            return Err(unfit(&parent, "a dict to take an entry out of", found));
        }
        let tree = self.tree_mut();
        if let Some(node) = node_at(tree, &parent)
            && let Some(index) = entry(tree, node, last)
            && let Some(Node::Dict(dict)) = tree.get_mut(node)
        {
            dict.entries.remove(index);
        }
        Ok(())
    }

    /// Puts what `make` adds to the tree at a path. Where the path leads nowhere, nothing is made.
    pub(super) fn put(
        &mut self,
        path: &ValuePath,
        make: impl FnOnce(&mut Tree<'a>) -> Result<NodeId, CheckpointError>,
    ) -> Result<(), CheckpointError> {
        let Some((parent, last)) = path.split_last() else {
            let tree = self.tree_mut();
            let root = make(tree)?;
            tree.set_root(root);
            return Ok(());
        };
        let place = self.part(&parent)?;
        let known = place.step(last).is_some();
        match (place.shape(), last) {
            (Shape::Dict(_), _) => {}
            (Shape::Items(_), Segment::Index(_)) if place.type_name() == "list" => {
                if !known {
                    return Err(absent(path, path.segments().len() - 1, place));
                }
            }
            _ => {
                let found = place.described();
                return Err(unfit(&parent, "a dict or list to put something into", found));
            }
        }
        let tree = self.tree_mut();
        let Some(node) = node_at(tree, &parent) else { return Ok(()) };
        let index = entry(tree, node, last);
        let value = make(tree)?;
        let key = match (last, index) {
            (_, Some(_)) => None,
            (Segment::Key(key), None) => Some(tree.key(key)),
            (&Segment::Index(key), None) => Some(tree.add(key)),
        };
        match (tree.get_mut(node), index, key) {
            (Some(Node::Dict(dict)), Some(index), _) => {
                if let Some(entry) = dict.entries.get_mut(index) {
                    entry.1 = value;
                }
            }
            (Some(Node::Dict(dict)), None, Some(key)) => dict.entries.push((key, value)),
            (Some(Node::List(items)), Some(index), _) => {
                if let Some(item) = items.get_mut(index) {
                    *item = value;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn unfit(path: &ValuePath, expected: &'static str, found: String) -> CheckpointError {
    CheckpointError::Unfit { path: path.clone(), expected, found, advice: String::new() }
}

/// The node at a path.
fn node_at(tree: &Tree<'_>, path: &ValuePath) -> Option<NodeId> {
    let root = Part::Built(tree, tree.root());
    let part = path.segments().iter().try_fold(root, |part, segment| part.step(segment))?;
    match part {
        Part::Built(_, id) => Some(id),
        Part::File(_) => None,
    }
}

/// Which entry of a dict or item of a list a segment means.
fn entry(tree: &Tree<'_>, parent: NodeId, segment: &Segment) -> Option<usize> {
    match (tree.get(parent)?, segment) {
        (Node::Dict(dict), segment) => {
            dict.entries.iter().rposition(|&(key, _)| match (tree.get(key), segment) {
                (Some(Node::Str(known)), Segment::Key(key)) => known == key,
                (Some(Node::Int(known)), Segment::Index(key)) => known == key,
                _ => false,
            })
        }
        (Node::List(items), &Segment::Index(index)) => match usize::try_from(index) {
            Ok(index) => (index < items.len()).then_some(index),
            Err(_) => items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
        },
        _ => None,
    }
}
