//! A part of one tree copied into another.

use foldhash::{HashMap, HashMapExt};

use crate::value::owned::{Node, NodeId, Tree};

impl<'a> Tree<'a> {
    /// Adds a copy of a value of another tree, with all it has as parts. What is one object in it is one in
    /// the copy, and so are interned strings with those of this tree; tensors are views of the same storages.
    ///
    /// ```
    /// use statedict::value::Tree;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut config = Tree::new();
    /// let root = config.root();
    /// config.set(root, "lr", 0.5)?;
    ///
    /// let mut tree = Tree::new();
    /// let copy = tree.copy_part(&config, config.root());
    /// tree.put(tree.root(), "config", copy)?;
    /// assert!(tree.at(&["config", "lr"]).is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// At more than 2^32 values.
    pub fn copy_part(&mut self, other: &Tree<'a>, part: NodeId) -> NodeId {
        self.copy_part_known(other, part, &mut HashMap::new())
    }

    /// As [`copy_part`](Self::copy_part), where some values of `other` have a node in this tree already; those
    /// that are copied are noted.
    pub(crate) fn copy_part_known(
        &mut self,
        other: &Tree<'a>,
        part: NodeId,
        copies: &mut HashMap<NodeId, NodeId>,
    ) -> NodeId {
        let mut todo = Vec::new();
        let root = self.copy_of_node(other, part, copies, &mut todo);
        while let Some((original, copy)) = todo.pop() {
            let Some(mut node) = other.get(original).cloned() else { continue };
            node.for_each_part(|id| {
                *id = self.copy_of_node(other, *id, copies, &mut todo);
            });
            if let Some(place) = self.get_mut(copy) {
                *place = node;
            }
            if let Some(text) = other.text_of(original) {
                let text = self.copy_of_node(other, text, copies, &mut todo);
                self.set_text_of(copy, text);
            }
            if other.is_interned(original) {
                self.set_interned(copy);
            }
        }
        root
    }

    /// A tree of this value alone, with all it has as parts.
    pub(crate) fn part(&self, part: NodeId) -> Tree<'a> {
        let mut tree = Tree::empty();
        let root = tree.copy_part(self, part);
        tree.set_root(root);
        tree
    }

    /// The node for the copy of `id`, which is filled later.
    fn copy_of_node(
        &mut self,
        other: &Tree<'a>,
        id: NodeId,
        copies: &mut HashMap<NodeId, NodeId>,
        todo: &mut Vec<(NodeId, NodeId)>,
    ) -> NodeId {
        if let Some(&copy) = copies.get(&id) {
            return copy;
        }
        let copy = match other.get(id) {
            Some(Node::Str(text)) if other.is_key(id, text) => self.key(text),
            _ => {
                let copy = self.add(Node::None);
                todo.push((id, copy));
                copy
            }
        };
        copies.insert(id, copy);
        copy
    }
}

impl Node<'_> {
    /// Calls `change` with each value that this one has as a part.
    fn for_each_part(&mut self, mut change: impl FnMut(&mut NodeId)) {
        match self {
            Node::List(items)
            | Node::Tuple(items)
            | Node::Size(items)
            | Node::Set(items)
            | Node::FrozenSet(items) => items.iter_mut().for_each(change),
            Node::Dict(dict) => {
                for (key, value) in &mut dict.entries {
                    change(key);
                    change(value);
                }
                dict.attributes.iter_mut().for_each(&mut change);
                dict.default_factory.iter_mut().for_each(change);
            }
            Node::Tensor(tensor) => tensor.attributes.iter_mut().for_each(change),
            Node::Device { kind, .. } => change(kind),
            Node::Object(object) => {
                change(&mut object.class);
                change(&mut object.args);
                object.kwargs.iter_mut().for_each(&mut change);
                object.state.iter_mut().for_each(&mut change);
                object.items.iter_mut().for_each(&mut change);
                for (key, value) in &mut object.entries {
                    change(key);
                    change(value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_object_stays_one_and_may_contain_itself() {
        let mut one = Tree::new();
        let root = one.root();
        let list = one.list([]);
        let shared = one.add("shared");
        if let Some(Node::List(items)) = one.get_mut(list) {
            items.extend([list, shared, shared]);
        }
        one.put(root, "list", list).unwrap();
        one.put(root, "again", list).unwrap();

        let mut two = Tree::new();
        two.set(two.root(), "list", 1).unwrap();
        let keys = two.key("list");
        let copy = two.copy_part(&one, root);
        assert_eq!(two.find(copy, "list"), two.find(copy, "again"));
        let list = two.find(copy, "list").unwrap();
        let Some(Node::List(items)) = two.get(list) else { panic!() };
        assert_eq!((items[0], items[1]), (list, items[2]));
        let Some(Node::Dict(dict)) = two.get(copy) else { panic!() };
        assert_eq!(dict.entries[0].0, keys);
    }
}
