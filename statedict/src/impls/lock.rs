//! Modules behind locks. What is locked elsewhere is an error: nothing waits, and nothing panics.

use std::cell::RefCell;
use std::sync::{LockResult, Mutex, RwLock, TryLockError, TryLockResult};

use crate::visit::{ByMut, ByRef, StateDict, Unavailable, Visitor};

/// Nothing of its own.
impl<M: StateDict + ?Sized> StateDict for RefCell<M> {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.locked(&mut |visitor| match self.try_borrow() {
            Ok(module) => module.visit_fields(visitor),
            Err(_) => visitor.unavailable(Unavailable::Borrowed),
        });
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        self.get_mut().visit_fields_mut(visitor);
    }

    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.locked(&mut |visitor| match self.try_borrow_mut() {
            Ok(mut module) => module.visit_fields_mut(visitor),
            Err(_) => visitor.unavailable(Unavailable::Borrowed),
        });
    }
}

/// Nothing of its own.
macro_rules! lock {
    ($lock:ident, $read:ident, $write:ident) => {
        impl<M: StateDict + ?Sized> StateDict for $lock<M> {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.locked(&mut |visitor| match open(self.$read()) {
                    Ok(module) => module.visit_fields(visitor),
                    Err(reason) => visitor.unavailable(reason),
                });
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                match owned(self.get_mut()) {
                    Ok(module) => module.visit_fields_mut(visitor),
                    Err(reason) => visitor.unavailable(reason),
                }
            }

            fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.locked(&mut |visitor| match open(self.$write()) {
                    Ok(mut module) => module.visit_fields_mut(visitor),
                    Err(reason) => visitor.unavailable(reason),
                });
            }
        }
    };
}

lock!(Mutex, try_lock, try_lock);
lock!(RwLock, try_read, try_write);

fn open<G>(guard: TryLockResult<G>) -> Result<G, Unavailable> {
    guard.map_err(|error| match error {
        TryLockError::WouldBlock => Unavailable::Locked,
        TryLockError::Poisoned(_) => Unavailable::Poisoned,
    })
}

fn owned<T>(content: LockResult<T>) -> Result<T, Unavailable> {
    content.map_err(|_| Unavailable::Poisoned)
}
