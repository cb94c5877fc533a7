//! A model of tensors under test.

use crate::testing::erased::Leaf;
use crate::visit::{ByMut, ByRef, Content, Field, ModuleInfo, StateDict, Visitor};

/// Tensors by name, as the parameters of one module.
pub(super) struct Leaves<'s>(pub(super) Vec<(&'static str, Box<dyn Leaf<'s> + 's>)>);

impl StateDict for Leaves<'_> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&ModuleInfo::new("Leaves"));
        for (name, tensor) in &self.0 {
            visitor.field(&Field::parameter(name), Content::tensor(&**tensor));
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&ModuleInfo::new("Leaves"));
        for (name, tensor) in &mut self.0 {
            visitor.field(&Field::parameter(name), Content::tensor_mut(&mut **tensor));
        }
    }
}
