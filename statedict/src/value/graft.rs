//! Values of one tree in another.

use std::collections::HashMap;

use crate::value::owned::{Node, NodeId, Tree};

impl<'a> Tree<'a> {
    /// Adds a copy of a value of another tree, with all it has as parts. What is one object there is one in
    /// the copy; two copies are two. A node that is not of `other` becomes `None`.
    ///
    /// ```
    /// use statedict::value::{Node, Tree};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut part = Tree::new();
    /// part.set(part.root(), "lr", 0.1)?;
    ///
    /// let mut tree = Tree::new();
    /// let copy = tree.graft(&part, part.root());
    /// tree.put(tree.root(), "options", copy)?;
    /// let lr = tree.at(&["options", "lr"]).and_then(|lr| tree.get(lr));
    /// assert!(matches!(lr, Some(Node::Float(0.1))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// At more than 2^32 values, as [`add`](Self::add).
    pub fn graft(&mut self, other: &Tree<'a>, value: NodeId) -> NodeId {
        self.graft_known(other, value, &mut HashMap::new())
    }

    /// The same, where some values of `other` are in this tree already; those that were added are noted.
    pub(crate) fn graft_known(
        &mut self,
        other: &Tree<'a>,
        value: NodeId,
        known: &mut HashMap<NodeId, NodeId>,
    ) -> NodeId {
        let mut graft = Graft { tree: self, other, known, todo: Vec::new() };
        let root = graft.place(value);
        while let Some((from, to)) = graft.todo.pop() {
            let Some(mut node) = other.get(from).cloned() else { continue };
            node.map_parts(&mut |part| graft.place(part));
            if let Some(text) = other.text_of(from) {
                let text = graft.place(text);
                graft.tree.set_text_of(to, text);
            }
            if other.is_interned(from) {
                graft.tree.set_interned(to);
            }
            if let Some(place) = graft.tree.get_mut(to) {
                *place = node;
            }
        }
        root
    }
}

struct Graft<'g, 'a> {
    tree: &'g mut Tree<'a>,
    other: &'g Tree<'a>,
    known: &'g mut HashMap<NodeId, NodeId>,
    /// Values of the other tree whose copies have no content yet.
    todo: Vec<(NodeId, NodeId)>,
}

impl Graft<'_, '_> {
    fn place(&mut self, from: NodeId) -> NodeId {
        if let Some(&known) = self.known.get(&from) {
            return known;
        }
        let to = match self.other.get(from) {
            // Each tree has one such object for each text.
            Some(Node::Str(text)) if self.other.known_key(text) == Some(from) => {
                self.tree.key(text)
            }
            _ => {
                let to = self.tree.add(Node::None);
                self.todo.push((from, to));
                to
            }
        };
        self.known.insert(from, to);
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_one_in_the_copy_even_where_it_holds_itself() {
        let mut part = Tree::new();
        let root = part.root();
        let betas = [part.add(0.9), part.add(0.999)];
        let betas = part.tuple(betas);
        part.put(root, "first", betas).unwrap();
        part.put(root, "second", betas).unwrap();
        part.put(root, "itself", root).unwrap();

        let mut tree = Tree::new();
        let copy = tree.graft(&part, root);
        assert_eq!(tree.find(copy, "first"), tree.find(copy, "second"));
        assert_eq!(tree.find(copy, "itself"), Some(copy));
        let Some(Node::Dict(dict)) = tree.get(copy) else { panic!() };
        assert_eq!(dict.entries[0].0, tree.key("first"));
        let again = tree.graft(&part, root);
        assert_ne!(again, copy);
    }
}
