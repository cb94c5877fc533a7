//! Handles that may not be the only one: the module has every key under which a handle leads to it.

use std::rc::Rc;
use std::sync::Arc;

use crate::leaf::StorageId;
use crate::visit::{ByMut, ByRef, StateDict, Visitor};

/// Nothing of its own.
macro_rules! handle {
    ($handle:ident) => {
        impl<M: StateDict + ?Sized> StateDict for $handle<M> {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                let id = StorageId::from_address($handle::as_ptr(self));
                visitor.shared(id, &mut |visitor| (**self).visit_fields(visitor));
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                let id = StorageId::from_address($handle::as_ptr(self));
                let mut handle = Some(self);
                visitor.shared(id, &mut |visitor| {
                    let handle =
                        handle.take().expect("a visitor visits what a handle leads to once");
                    if $handle::get_mut(handle).is_some() {
                        // Asked again, since the borrow of the first answer would last.
                        if let Some(module) = $handle::get_mut(handle) {
                            module.visit_fields_mut(visitor);
                        }
                    } else {
                        (**handle).visit_shared_mut(visitor);
                    }
                });
            }

            fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                let id = StorageId::from_address($handle::as_ptr(self));
                visitor.shared(id, &mut |visitor| (**self).visit_shared_mut(visitor));
            }
        }
    };
}

handle!(Rc);
handle!(Arc);
