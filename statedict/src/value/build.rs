//! Building values, and changing those of a file.

use std::borrow::Cow;

use crate::dtype::DType;
use crate::tensor::TensorView;
use crate::value::owned::{DictNode, Node, NodeId, NotADict, ObjectNode, TensorNode, Tree};
use crate::value::parts::DictKind;

macro_rules! from {
    ($($from:ty => |$value:ident| $node:expr),* $(,)?) => {
        $(impl<'a> From<$from> for Node<'a> {
            fn from($value: $from) -> Self {
                $node
            }
        })*
    };
}

from! {
    () => |_unit| Node::None,
    bool => |value| Node::Bool(value),
    i32 => |value| Node::Int(value.into()),
    u32 => |value| Node::Int(value.into()),
    i64 => |value| Node::Int(value),
    u64 => |value| match i64::try_from(value) {
        Ok(value) => Node::Int(value),
        Err(_) => Node::BigInt(i128::from(value).to_le_bytes().to_vec().into()),
    },
    f64 => |value| Node::Float(value),
    &'a str => |value| Node::Str(value.into()),
    String => |value| Node::Str(value.into()),
    DType => |value| Node::DType(value),
    DictNode => |value| Node::Dict(value),
    ObjectNode => |value| Node::Object(Box::new(value)),
    TensorNode<'a> => |value| Node::Tensor(Box::new(value)),
    TensorView<'a> => |view| TensorNode { view, parameter: false, attributes: None }.into(),
}

impl<'a> Tree<'a> {
    /// A tree that holds one value without parts; `()` is `None`.
    ///
    /// ```
    /// use statedict::value::{Node, Tree};
    ///
    /// let tree = Tree::of(5);
    /// assert!(matches!(tree.get(tree.root()), Some(Node::Int(5))));
    /// ```
    pub fn of(value: impl Into<Node<'a>>) -> Self {
        let mut tree = Tree::new();
        let root = tree.add(value);
        tree.set_root(root);
        tree
    }

    /// A `list`.
    pub fn list(&mut self, items: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.add(Node::List(items.into_iter().collect()))
    }

    /// A `tuple`.
    pub fn tuple(&mut self, items: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.add(Node::Tuple(items.into_iter().collect()))
    }

    /// An empty `dict`; [`set`](Self::set) and [`put`](Self::put) fill it.
    pub fn dict(&mut self) -> NodeId {
        self.add(DictNode::new(DictKind::Dict))
    }

    /// A `torch.nn.Parameter`.
    pub fn parameter(&mut self, view: TensorView<'a>) -> NodeId {
        self.add(TensorNode { view, parameter: true, attributes: None })
    }

    /// A class or function, by its module and name.
    pub fn global(
        &mut self,
        module: impl Into<Cow<'a, str>>,
        name: impl Into<Cow<'a, str>>,
    ) -> NodeId {
        self.add(Node::Global { module: module.into(), name: name.into() })
    }

    /// What a class or function makes of arguments.
    pub fn call(&mut self, class: NodeId, args: impl IntoIterator<Item = NodeId>) -> NodeId {
        let args = self.tuple(args);
        self.add(ObjectNode {
            class,
            args,
            kwargs: None,
            construction: Default::default(),
            state: None,
            items: Vec::new(),
            entries: Vec::new(),
        })
    }

    /// A tensor on the device `meta`, which has no elements.
    pub fn meta_tensor(&mut self, dtype: DType, shape: &[usize], requires_grad: bool) -> NodeId {
        let mut step = 1u64;
        let mut strides: Vec<u64> = Vec::with_capacity(shape.len());
        for &size in shape.iter().rev() {
            strides.push(step);
            step = step.saturating_mul(size.max(1) as u64);
        }
        let size: Vec<NodeId> = shape.iter().map(|&size| self.add(size as u64)).collect();
        let stride: Vec<NodeId> = strides.into_iter().rev().map(|step| self.add(step)).collect();
        let args = [self.add(dtype), self.tuple(size), self.tuple(stride), self.add(requires_grad)];
        let rebuild = self.global("torch._utils", "_rebuild_meta_tensor_no_storage");
        self.call(rebuild, args)
    }

    /// The value under the str `key` of a dict. Of one with the key twice, the last, as Python has it.
    pub fn find(&self, dict: NodeId, key: &str) -> Option<NodeId> {
        self.position(dict, key).map(|(_, value)| value)
    }

    /// The value at a path of keys from the root.
    pub fn at(&self, path: &[&str]) -> Option<NodeId> {
        path.iter().try_fold(self.root(), |node, key| self.find(node, key))
    }

    fn position(&self, dict: NodeId, key: &str) -> Option<(usize, NodeId)> {
        let Some(Node::Dict(dict)) = self.get(dict) else { return None };
        let found = dict.entries.iter().rposition(
            |&(known, _)| matches!(self.get(known), Some(Node::Str(text)) if text == key),
        )?;
        dict.entries.get(found).map(|&(_, value)| (found, value))
    }

    /// Puts a value that is in the tree under a str key of a dict, and returns the one that was there. A new
    /// key goes to the end, a replaced one keeps its place.
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn put(
        &mut self,
        dict: NodeId,
        key: &str,
        value: NodeId,
    ) -> Result<Option<NodeId>, NotADict> {
        let old = self.position(dict, key);
        let key = match old {
            Some(_) => None,
            None => Some(self.key(key)),
        };
        let Some(Node::Dict(dict)) = self.get_mut(dict) else { return Err(NotADict) };
        if let Some(key) = key {
            dict.entries.push((key, value));
        } else if let Some((index, _)) = old
            && let Some(entry) = dict.entries.get_mut(index)
        {
            entry.1 = value;
        }
        Ok(old.map(|(_, value)| value))
    }

    /// Adds a value and puts it under a str key of a dict; see [`put`](Self::put).
    ///
    /// # Errors
    /// Where `dict` is not a dict.
    pub fn set(
        &mut self,
        dict: NodeId,
        key: &str,
        value: impl Into<Node<'a>>,
    ) -> Result<Option<NodeId>, NotADict> {
        let value = self.add(value);
        self.put(dict, key, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_value_keeps_its_place_and_a_new_one_goes_to_the_end() {
        let mut tree = Tree::new();
        let root = tree.root();
        tree.set(root, "a", 1).unwrap();
        tree.set(root, "b", 2.5).unwrap();
        let old = tree.set(root, "a", "text").unwrap().unwrap();
        assert!(matches!(tree.get(old), Some(Node::Int(1))));
        let Some(Node::Dict(dict)) = tree.get(root) else { panic!() };
        assert_eq!(dict.entries.len(), 2);
        assert_eq!(dict.entries[0].1, tree.at(&["a"]).unwrap());
        let leaf = tree.at(&["b"]).unwrap();
        assert_eq!(tree.set(leaf, "c", 1), Err(NotADict));
        assert_eq!(tree.at(&["a", "b"]), None);
    }

    #[test]
    fn keys_are_one_object() {
        let mut tree = Tree::new();
        assert_eq!(tree.key("lr"), tree.key("lr"));
        let other = tree.add("lr");
        assert_ne!(tree.key("lr"), other);
        assert!(matches!(tree.get(other), Some(Node::Str(text)) if text == "lr"));
    }
}
