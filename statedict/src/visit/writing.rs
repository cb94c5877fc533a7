//! A walk for writing.

use crate::dtype::DType;
use crate::extra_state::ExtraState;
use crate::tensor::Shape;
use crate::traits::{StateDict, StorageId, TensorMut};
use crate::visit::walk::{Kind, Walk};
use crate::visit::{ModuleInfo, Unavailable, VisitorMut};

/// How a leaf can be written.
pub(crate) enum Slot<'a> {
    /// At any time.
    Borrowed(&'a mut dyn TensorMut),
    /// While the walk is at it: it is behind a lock.
    Locked(Box<(DType, Shape)>),
}

impl Slot<'_> {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Slot::Borrowed(tensor) => tensor.dtype(),
            Slot::Locked(tensor) => tensor.0,
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Slot::Borrowed(tensor) => tensor.shape(),
            Slot::Locked(tensor) => tensor.1.clone(),
        }
    }
}

/// Takes the leaves behind locks while they can be written: a leaf's number and the leaf.
type Write<'w> = dyn FnMut(usize, &mut dyn TensorMut) + 'w;

/// Walks `model` without writing.
pub(crate) fn walk_mut<M: StateDict + ?Sized>(model: &mut M) -> Walk<Slot<'_>> {
    walk_writing(model, &mut |_, _| {})
}

/// Walks `model`, and hands each leaf behind a lock to `write`.
pub(crate) fn walk_writing<'a, M: StateDict + ?Sized>(
    model: &'a mut M,
    write: &mut Write<'_>,
) -> Walk<Slot<'a>> {
    let mut writing = Writing { walk: Walk::new(), write };
    model.visit_mut(&mut writing);
    writing.walk
}

struct Writing<'a, 'w> {
    walk: Walk<Slot<'a>>,
    write: &'w mut Write<'w>,
}

impl<'a> Writing<'a, '_> {
    fn borrowed(&mut self, name: &str, kind: Kind, tensor: &'a mut dyn TensorMut) {
        let storage = one_of(tensor);
        self.walk.add_leaf(name, kind, storage, Slot::Borrowed(tensor));
    }

    fn locked(&mut self, name: &str, kind: Kind, tensor: &mut dyn TensorMut) {
        (self.write)(self.walk.leaves.len(), tensor);
        let slot = Slot::Locked(Box::new((tensor.dtype(), tensor.shape())));
        self.walk.add_leaf(name, kind, one_of(tensor), slot);
    }
}

fn one_of(tensor: &dyn TensorMut) -> Option<(StorageId, DType, Shape)> {
    tensor.storage_id().map(|id| (id, tensor.dtype(), tensor.shape()))
}

/// The same walk behind a lock, where no reference can be kept.
struct Behind<'r, 'a, 'w>(&'r mut Writing<'a, 'w>);

/// What a visitor does that is the same on both sides of a lock.
macro_rules! visitor {
    ([$($lifetimes:lifetime),*] $visitor:ty, $lent:lifetime, |$this:ident| $writing:expr, $leaf:ident) => {
        impl<$($lifetimes),*> VisitorMut<$lent> for $visitor {
            fn module(&mut self, info: ModuleInfo) {
                let $this = self;
                $writing.walk.add_module(info);
            }

            fn parameter(&mut self, name: &str, tensor: &$lent mut dyn TensorMut) {
                let $this = self;
                Writing::$leaf(&mut *$writing, name, Kind::Parameter, tensor);
            }

            fn buffer(&mut self, name: &str, tensor: &$lent mut dyn TensorMut, persistent: bool) {
                let $this = self;
                Writing::$leaf(&mut *$writing, name, Kind::of_buffer(persistent), tensor);
            }

            fn child(&mut self, name: &str, module: &$lent mut dyn StateDict) {
                let $this = &mut *self;
                let outer = $writing.walk.enter(name);
                module.visit_mut(self);
                let $this = self;
                $writing.walk.leave(outer);
            }

            fn flatten(&mut self, module: &$lent mut dyn StateDict) {
                let $this = &mut *self;
                $writing.walk.enter_flat();
                module.visit_mut(self);
                let $this = self;
                $writing.walk.leave_flat();
            }

            fn alias(&mut self, name: &str, target: &str) {
                let $this = self;
                $writing.walk.add_alias(name, target);
            }

            fn tied(&mut self, name: &str, target: Option<&str>) {
                let $this = self;
                $writing.walk.add_tie(name, target);
            }

            fn shared(&mut self, id: StorageId, visit: &mut dyn FnMut(&mut dyn VisitorMut<$lent>)) {
                let $this = &mut *self;
                if let Some(start) = $writing.walk.enter_shared(id) {
                    visit(self);
                    let $this = self;
                    $writing.walk.leave_shared(id, start);
                }
            }

            fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> VisitorMut<'g>)) {
                let $this = self;
                $writing.walk.locked = true;
                visit(&mut Behind(&mut *$writing));
            }

            fn extra_state(&mut self, _: &mut dyn ExtraState) {
                let $this = self;
                $writing.walk.add_extra(None);
            }

            fn unavailable(&mut self, reason: Unavailable) {
                let $this = self;
                $writing.walk.add_unavailable(reason);
            }
        }
    };
}

visitor!(['a, 'w] Writing<'a, 'w>, 'a, |this| this, borrowed);
visitor!(['b, 'r, 'a, 'w] Behind<'r, 'a, 'w>, 'b, |this| this.0, locked);
