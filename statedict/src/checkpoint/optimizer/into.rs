//! Rust's values as those of an optimizer's state dict.

use super::value::StateValue;
use crate::tensor::{CpuTensor, TensorView};
use crate::value::{Graph, NewValue, ValueId};

/// Rust types that can be put into an optimizer's state dict: `()` and `None` are Python's `None`, tuples
/// are tuples, vectors are lists.
pub trait IntoState<'a> {
    /// Adds the value to the graph.
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId;
}

macro_rules! nodes {
    ($($type:ty),*) => {$(
        impl<'a> IntoState<'a> for $type {
            fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
                graph.add(self)
            }
        }
    )*};
}

nodes!((), bool, i32, u32, i64, u64, f64, &'a str, String, TensorView<'a>, NewValue<'a>);

impl<'a> IntoState<'a> for StateValue<'_, 'a> {
    /// A copy of the value, of this state or another.
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        graph.copy_from(self.graph(), self.id())
    }
}

impl<'a> IntoState<'a> for usize {
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        graph.add(self as u64)
    }
}

impl<'a> IntoState<'a> for &'a CpuTensor {
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        let (shape, bytes) = (self.shape().clone(), self.bytes());
        match TensorView::from_bytes(bytes, self.dtype(), shape) {
            Ok(view) => graph.add(view),
            // A tensor has as many bytes as its shape.
            Err(_) => graph.add(()),
        }
    }
}

impl<'a> IntoState<'a> for CpuTensor {
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        let (shape, bytes) = (self.shape().clone(), self.bytes().to_vec());
        match TensorView::from_bytes(bytes, self.dtype(), shape) {
            Ok(view) => graph.add(view),
            Err(_) => graph.add(()),
        }
    }
}

impl<'a, T: IntoState<'a>> IntoState<'a> for Option<T> {
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        match self {
            Some(value) => value.into_state(graph),
            None => graph.add(()),
        }
    }
}

impl<'a, T: IntoState<'a>> IntoState<'a> for Vec<T> {
    fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
        let items: Vec<ValueId> = self.into_iter().map(|item| item.into_state(graph)).collect();
        graph.list(items)
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<'a, $($name: IntoState<'a>),*> IntoState<'a> for ($($name,)*) {
            #[allow(non_snake_case)]
            fn into_state(self, graph: &mut Graph<'a>) -> ValueId {
                let ($($name,)*) = self;
                let items = [$($name.into_state(graph)),*];
                graph.tuple(items)
            }
        }
    )*};
}

tuples! {
    A B;
    A B C;
}
