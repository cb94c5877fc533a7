//! The only names that generated code uses. Not part of the public interface.
//!
//! Each helper takes the field's type by turbofish, so that a missing trait is reported at the
//! type of the field and not at the derive.

pub use crate::visit::{Change, ModuleInfo, Visitor, VisitorMut};
use crate::{StateDict, Tensor, TensorMut};

pub fn parameter<'a, T: Tensor>(visitor: &mut dyn Visitor<'a>, name: &str, field: &'a T) {
    visitor.parameter(name, field);
}

pub fn parameter_mut<'a, T: TensorMut>(
    visitor: &mut dyn VisitorMut<'a>,
    name: &str,
    field: &'a mut T,
) {
    visitor.parameter(name, field);
}

pub fn buffer<'a, T: Tensor>(
    visitor: &mut dyn Visitor<'a>,
    name: &str,
    field: &'a T,
    persistent: bool,
) {
    visitor.buffer(name, field, persistent);
}

pub fn buffer_mut<'a, T: TensorMut>(
    visitor: &mut dyn VisitorMut<'a>,
    name: &str,
    field: &'a mut T,
    persistent: bool,
) {
    visitor.buffer(name, field, persistent);
}

pub fn child<'a, M: StateDict>(visitor: &mut dyn Visitor<'a>, name: &str, field: &'a M) {
    visitor.child(name, field);
}

pub fn child_mut<'a, M: StateDict>(visitor: &mut dyn VisitorMut<'a>, name: &str, field: &'a mut M) {
    visitor.child(name, field);
}
