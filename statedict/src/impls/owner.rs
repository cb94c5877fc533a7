//! What adds nothing of its own: owners of one module, or of none.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::marker::PhantomData;
use std::sync::OnceLock;

use crate::schema::SchemaBuilder;
use crate::traits::StateDict;
use crate::visit::{Visitor, VisitorMut};

/// Nothing of its own: the contents are the module.
impl<M: StateDict + ?Sized> StateDict for Box<M> {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        (**self).visit(visitor);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        (**self).visit_mut(visitor);
    }

    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn VisitorMut<'a>) {
        (**self).visit_shared_mut(visitor);
    }
}

/// Nothing of its own; what is borrowed is cloned when it is written.
impl<M: StateDict + Clone> StateDict for Cow<'_, M> {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        (**self).visit(visitor);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        self.to_mut().visit_mut(visitor);
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.same_as::<M>();
    }
}

/// The module, or, as `self.downsample = None` in PyTorch, nothing at all: `None` makes no call.
impl<M: StateDict> StateDict for Option<M> {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        if let Some(module) = self {
            module.visit(visitor);
        }
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        if let Some(module) = self {
            module.visit_mut(visitor);
        }
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.optional(M::describe);
    }
}

/// No call, as `None`.
#[diagnostic::do_not_recommend]
impl<M: ?Sized> StateDict for PhantomData<M> {
    fn visit<'a>(&'a self, _: &mut dyn Visitor<'a>) {}

    fn visit_mut<'a>(&'a mut self, _: &mut dyn VisitorMut<'a>) {}

    fn describe(_: &mut SchemaBuilder) {}
}

/// As an `Option`: nothing until it is initialized.
macro_rules! once {
    ($($once:ident),*) => { $(
        impl<M: StateDict> StateDict for $once<M> {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                if let Some(module) = self.get() {
                    module.visit(visitor);
                }
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                if let Some(module) = self.get_mut() {
                    module.visit_mut(visitor);
                }
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.optional(M::describe);
            }
        }
    )* };
}

once!(OnceCell, OnceLock);
