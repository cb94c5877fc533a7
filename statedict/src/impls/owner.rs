//! What adds nothing of its own: owners of one module, or of none.

use std::borrow::Cow;
use std::cell::{LazyCell, OnceCell};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{LazyLock, OnceLock};

use crate::visit::{ByMut, ByRef, Description, StateDict, Visitor};

/// Nothing of its own: the contents are the module.
impl<M: StateDict + ?Sized> StateDict for Box<M> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        (**self).visit_fields(visitor);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        (**self).visit_fields_mut(visitor);
    }

    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        (**self).visit_shared_mut(visitor);
    }
}

/// Nothing of its own; only what may be moved can be written to.
#[diagnostic::do_not_recommend]
impl<M: StateDict + Unpin> StateDict for Pin<Box<M>> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        (**self).visit_fields(visitor);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        (**self).visit_fields_mut(visitor);
    }

    fn describe() -> Description {
        Description::same_as::<M>()
    }
}

/// Nothing of its own; what is borrowed is cloned when it is written.
impl<M: StateDict + Clone> StateDict for Cow<'_, M> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        (**self).visit_fields(visitor);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        self.to_mut().visit_fields_mut(visitor);
    }

    fn describe() -> Description {
        Description::same_as::<M>()
    }
}

/// The module, or, as `self.downsample = None` in PyTorch, nothing at all: `None` lists nothing.
impl<M: StateDict> StateDict for Option<M> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        if let Some(module) = self {
            module.visit_fields(visitor);
        }
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        if let Some(module) = self {
            module.visit_fields_mut(visitor);
        }
    }

    fn describe() -> Description {
        Description::Optional(M::describe)
    }
}

/// Nothing, like `None`.
#[diagnostic::do_not_recommend]
impl<M: ?Sized> StateDict for PhantomData<M> {
    fn visit_fields<'a>(&'a self, _: &mut dyn Visitor<ByRef<'a>>) {}

    fn visit_fields_mut<'a>(&'a mut self, _: &mut dyn Visitor<ByMut<'a>>) {}

    fn describe() -> Description {
        Description::Nothing
    }
}

/// As an `Option`: nothing until it is initialized.
macro_rules! once {
    ($($once:ident),*) => { $(
        impl<M: StateDict> StateDict for $once<M> {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                if let Some(module) = self.get() {
                    module.visit_fields(visitor);
                }
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                if let Some(module) = self.get_mut() {
                    module.visit_fields_mut(visitor);
                }
            }

            fn describe() -> Description {
                Description::Optional(M::describe)
            }
        }
    )* };
}

once!(OnceCell, OnceLock);

/// Nothing of its own. The module is made when it is first read or written.
macro_rules! lazy {
    ($($lazy:ident),*) => { $(
        #[diagnostic::do_not_recommend]
        impl<M: StateDict, F: FnOnce() -> M> StateDict for $lazy<M, F> {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                (**self).visit_fields(visitor);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                (**self).visit_fields_mut(visitor);
            }

            fn describe() -> Description {
                Description::same_as::<M>()
            }
        }
    )* };
}

lazy!(LazyCell, LazyLock);
