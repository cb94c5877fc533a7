//! Rust's values as those of an optimizer's state dict.

use super::value::StateValue;
use crate::tensor::{CpuTensor, TensorView};
use crate::value::{Node, NodeId, Tree};

/// Rust types that can be put into an optimizer's state dict: `()` and `None` are Python's `None`, tuples
/// are tuples, vectors are lists.
pub trait IntoState<'a> {
    /// Adds the value to the tree.
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId;
}

macro_rules! nodes {
    ($($type:ty),*) => {$(
        impl<'a> IntoState<'a> for $type {
            fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
                tree.add(self)
            }
        }
    )*};
}

nodes!((), bool, i32, u32, i64, u64, f64, &'a str, String, TensorView<'a>, Node<'a>);

impl<'a> IntoState<'a> for StateValue<'_, 'a> {
    /// A copy of the value, of this state or another.
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        tree.copy_part(self.tree(), self.id())
    }
}

impl<'a> IntoState<'a> for usize {
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        tree.add(self as u64)
    }
}

impl<'a> IntoState<'a> for &'a CpuTensor {
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        let (shape, bytes) = (self.shape().clone(), self.bytes());
        match TensorView::from_bytes(bytes, self.dtype(), shape) {
            Ok(view) => tree.add(view),
            // A tensor has as many bytes as its shape.
            Err(_) => tree.add(()),
        }
    }
}

impl<'a> IntoState<'a> for CpuTensor {
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        let (shape, bytes) = (self.shape().clone(), self.bytes().to_vec());
        match TensorView::from_bytes(bytes, self.dtype(), shape) {
            Ok(view) => tree.add(view),
            Err(_) => tree.add(()),
        }
    }
}

impl<'a, T: IntoState<'a>> IntoState<'a> for Option<T> {
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        match self {
            Some(value) => value.into_state(tree),
            None => tree.add(()),
        }
    }
}

impl<'a, T: IntoState<'a>> IntoState<'a> for Vec<T> {
    fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
        let items: Vec<NodeId> = self.into_iter().map(|item| item.into_state(tree)).collect();
        tree.list(items)
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<'a, $($name: IntoState<'a>),*> IntoState<'a> for ($($name,)*) {
            #[allow(non_snake_case)]
            fn into_state(self, tree: &mut Tree<'a>) -> NodeId {
                let ($($name,)*) = self;
                let items = [$($name.into_state(tree)),*];
                tree.tuple(items)
            }
        }
    )*};
}

tuples! {
    A B;
    A B C;
}
