//! Keys without their prefixes: every name is stored once, with the child it is in.
//!
//! In a deep model a key is far longer than its last segment, and in a wide one it would be an
//! allocation of its own. So a key is a child's number and a name; it is spelled where it is needed.

use crate::visit::ids::{ChildId, List, narrow, wide};

/// The names of a walk. A child comes after the one it is in, and after all that was met before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyTree {
    text: String,
    /// The first is the root.
    children: List<ChildId, Key>,
}

/// A key: a name within a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    parent: ChildId,
    start: u32,
    len: u32,
}

impl KeyTree {
    pub(crate) fn new() -> Self {
        KeyTree::with_capacity(0, 0)
    }

    /// One with room for names of `text` bytes, and for `children`.
    pub(super) fn with_capacity(text: usize, children: usize) -> Self {
        let mut tree =
            KeyTree { text: String::with_capacity(text), children: List::with_capacity(children) };
        tree.children.push(Key { parent: ChildId::ROOT, start: 0, len: 0 });
        tree
    }

    /// Stores a name, and gives the key that it makes in a child.
    #[inline]
    pub(super) fn add(&mut self, parent: ChildId, name: &str) -> Key {
        let start = narrow(self.text.len());
        self.text.push_str(name);
        // The end is a number as well.
        let len = narrow(self.text.len()) - start;
        Key { parent, start, len }
    }

    /// Stores a whole key.
    pub(crate) fn add_whole(&mut self, key: &str) -> Key {
        self.add(ChildId::ROOT, key)
    }

    /// Makes `key` the next child, and returns its number.
    #[inline]
    pub(super) fn enter(&mut self, key: Key) -> ChildId {
        self.children.push(key)
    }

    /// The path of a child.
    #[inline]
    pub(super) fn path_of(&self, child: ChildId) -> Key {
        self.children[child]
    }

    /// The paths of all children in order, without the root.
    pub(super) fn child_paths(&self) -> impl ExactSizeIterator<Item = (ChildId, Key)> {
        self.children.enumerated().skip(1).map(|(child, path)| (child, *path))
    }

    /// All names as one text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The names as one text, and where in it a key's is.
    #[inline]
    pub(super) fn place(&self, key: Key) -> (&str, (u32, u32)) {
        (&self.text, (key.start, key.len))
    }

    /// Takes whole keys, which then are keys of this tree.
    pub(super) fn append(&mut self, whole: WholeKeys) {
        self.text.push_str(&whole.text);
    }

    /// The last segment of a key.
    #[inline]
    pub(crate) fn name(&self, key: Key) -> &str {
        let start = wide(key.start);
        &self.text[start..start + wide(key.len)]
    }

    /// The path of the child that a key is in.
    pub(crate) fn parent(&self, key: Key) -> Key {
        self.path_of(key.parent)
    }

    /// Spells one key. For many, a [`speller`](Self::speller) is faster.
    pub(crate) fn spell(&self, key: Key) -> String {
        self.speller().spell(key).to_owned()
    }

    /// Spells keys one after another.
    pub(crate) fn speller(&self) -> Speller<'_> {
        Speller {
            tree: self,
            text: String::new(),
            open: vec![(ChildId::ROOT, 0)],
            down: Vec::new(),
        }
    }

    /// Returns `true` if the keys of another walk, made before names were added to this one, are the same
    /// wherever their numbers are.
    pub(crate) fn extends(&self, other: &KeyTree) -> bool {
        self.text.starts_with(&other.text) && self.children == other.children
    }
}

/// Keys that are no name within a child, for the same tree: what aliases make of others.
pub(super) struct WholeKeys {
    /// How long the text of the tree is.
    base: usize,
    text: String,
}

impl WholeKeys {
    pub(super) fn of(tree: &KeyTree) -> Self {
        WholeKeys { base: tree.text.len(), text: String::new() }
    }

    /// A key, which the tree knows once it has [taken](KeyTree::append) all.
    pub(super) fn add(&mut self, key: &str) -> Key {
        let start = narrow(self.base + self.text.len());
        self.text.push_str(key);
        let len = narrow(self.base + self.text.len()) - start;
        // At the root a name is a whole key.
        Key { parent: ChildId::ROOT, start, len }
    }
}

/// Spells keys into one buffer: what a key has in common with the one before is not copied again.
pub(crate) struct Speller<'t> {
    tree: &'t KeyTree,
    text: String,
    /// The children that the last key was in, outermost first, each with the length of its path.
    open: Vec<(ChildId, usize)>,
    /// The children that are to be entered for the next, innermost first.
    down: Vec<ChildId>,
}

impl Speller<'_> {
    /// The whole key.
    pub(crate) fn spell(&mut self, key: Key) -> &str {
        self.go_to(key.parent);
        self.push(key);
        &self.text
    }

    /// Leaves the path of a child in the buffer.
    fn go_to(&mut self, child: ChildId) {
        // A child has a greater number than those it is in.
        let mut at = child;
        loop {
            match self.open.last() {
                Some(&(last, _)) if last == at => break,
                Some(&(last, _)) if last > at => drop(self.open.pop()),
                Some(_) => {
                    self.down.push(at);
                    at = self.tree.path_of(at).parent;
                }
                // The root is the least, so it is never left.
                None => self.open.push((ChildId::ROOT, 0)),
            }
        }
        self.text.truncate(self.open.last().map_or(0, |&(_, length)| length));
        while let Some(child) = self.down.pop() {
            self.push(self.tree.path_of(child));
            self.open.push((child, self.text.len()));
        }
    }

    #[inline]
    fn push(&mut self, key: Key) {
        if !self.text.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(self.tree.name(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key;

    #[test]
    fn keys_are_spelled_in_any_order_as_they_are_joined() {
        let mut tree = KeyTree::new();
        let mut expected = vec![(tree.path_of(ChildId::ROOT), String::new())];
        let mut children = vec![(ChildId::ROOT, String::new())];
        // Every child has up to three others, at several depths; one of the names is empty.
        for (number, name) in (0..40).map(|number| (number, format!("n{number}"))) {
            let (parent, path) = children[number * 7 % children.len()].clone();
            let name = if number == 5 { "" } else { &name };
            let key = tree.add(parent, name);
            let child = tree.enter(key);
            let path = key::join(&path, name);
            assert_eq!(tree.path_of(child), key);
            expected.push((key, path.clone()));
            expected.push((tree.add(child, "weight"), key::join(&path, "weight")));
            children.push((child, path));
        }
        let mut speller = tree.speller();
        for step in [1, 2, 5, 7] {
            for number in (0..expected.len()).map(|number| number * step % expected.len()) {
                let (key, path) = &expected[number];
                assert_eq!(speller.spell(*key), path);
                assert_eq!(tree.spell(*key), *path);
            }
        }
    }
}
