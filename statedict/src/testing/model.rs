//! A model of tensors under test.

use crate::testing::erased::Leaf;
use crate::traits::StateDict;
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

/// Tensors by name, as the parameters of one module.
pub(super) struct Leaves<'s>(pub(super) Vec<(&'static str, Box<dyn Leaf<'s> + 's>)>);

impl StateDict for Leaves<'_> {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visitor.module(ModuleInfo::new("Leaves"));
        for (name, tensor) in &self.0 {
            visitor.parameter(name, &**tensor);
        }
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        visitor.module(ModuleInfo::new("Leaves"));
        for (name, tensor) in &mut self.0 {
            visitor.parameter(name, &mut **tensor);
        }
    }
}
