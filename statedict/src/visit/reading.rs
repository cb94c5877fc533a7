//! A walk for reading.

use foldhash::{HashSet, HashSetExt};

use crate::extra_state::ExtraState;
use crate::traits::{StateDict, StorageId, Tensor};
use crate::value::SharedValue;
use crate::visit::walk::{Kind, Leaf, Walk};
use crate::visit::{ModuleInfo, TensorRef, Unavailable, Visitor};

/// Walks `model` without reading any elements.
pub(crate) fn walk<M: StateDict + ?Sized>(model: &M) -> Walk<TensorRef<'_>> {
    Reading::of(model, false, false)
}

/// Walks `model`, and copies the elements of what is behind locks.
pub(crate) fn walk_copying<M: StateDict + ?Sized>(model: &M) -> Walk<TensorRef<'_>> {
    Reading::of(model, true, false)
}

/// The same for a state dict: the modules' `pre_save` hooks are run.
pub(crate) fn walk_saving<M: StateDict + ?Sized>(model: &M) -> Walk<TensorRef<'_>> {
    Reading::of(model, true, true)
}

struct Reading<'a> {
    walk: Walk<TensorRef<'a>>,
    copy: bool,
    saving: bool,
}

impl<'a> Reading<'a> {
    fn of<M: StateDict + ?Sized>(model: &'a M, copy: bool, saving: bool) -> Walk<TensorRef<'a>> {
        let mut reading = Reading { walk: Walk::new(), copy, saving };
        model.visit(&mut reading);
        reading.walk
    }

    fn leaf(&mut self, name: &str, kind: Kind, tensor: TensorRef<'a>) {
        let storage = tensor.storage_id().map(|id| (id, tensor.dtype(), tensor.shape()));
        self.walk.add_leaf(name, kind, storage, tensor);
    }
}

/// The same walk behind a lock, where no reference can be kept.
struct Behind<'r, 'a>(&'r mut Reading<'a>);

/// What a visitor does that is the same on both sides of a lock.
macro_rules! visitor {
    ([$($lifetimes:lifetime),*] $visitor:ty, $lent:lifetime, |$this:ident| $reading:expr, |$reads:ident, $tensor:ident| $leaf:expr) => {
        impl<$($lifetimes),*> Visitor<$lent> for $visitor {
            fn module(&mut self, info: ModuleInfo) {
                let $this = self;
                $reading.walk.add_module(info);
            }

            fn parameter(&mut self, name: &str, $tensor: &$lent dyn Tensor) {
                let $this = self;
                let $reads = &mut *$reading;
                let leaf = $leaf;
                $reads.leaf(name, Kind::Parameter, leaf);
            }

            fn buffer(&mut self, name: &str, $tensor: &$lent dyn Tensor, persistent: bool) {
                let $this = self;
                let $reads = &mut *$reading;
                let leaf = $leaf;
                $reads.leaf(name, Kind::of_buffer(persistent), leaf);
            }

            fn child(&mut self, name: &str, module: &$lent dyn StateDict) {
                let $this = &mut *self;
                let outer = $reading.walk.enter(name);
                module.visit(self);
                let $this = self;
                $reading.walk.leave(outer);
            }

            fn flatten(&mut self, module: &$lent dyn StateDict) {
                let $this = &mut *self;
                $reading.walk.enter_flat();
                module.visit(self);
                let $this = self;
                $reading.walk.leave_flat();
            }

            fn alias(&mut self, name: &str, target: &str) {
                let $this = self;
                $reading.walk.add_alias(name, target);
            }

            fn tied(&mut self, name: &str, target: Option<&str>) {
                let $this = self;
                $reading.walk.add_tie(name, target);
            }

            fn shared(&mut self, id: StorageId, visit: &mut dyn FnMut(&mut dyn Visitor<$lent>)) {
                let $this = &mut *self;
                if let Some(start) = $reading.walk.enter_shared(id) {
                    visit(self);
                    let $this = self;
                    $reading.walk.leave_shared(id, start);
                }
            }

            fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> Visitor<'g>)) {
                let $this = self;
                $reading.walk.locked = true;
                visit(&mut Behind(&mut *$reading));
            }

            fn unavailable(&mut self, reason: Unavailable) {
                let $this = self;
                $reading.walk.add_unavailable(reason);
            }

            fn extra_state(&mut self, state: &dyn ExtraState) {
                let $this = self;
                let value =
                    $reading.saving.then(|| SharedValue::of(state.get_extra_state().root()));
                $reading.walk.add_extra(value);
            }

            fn saving(&self) -> bool {
                let $this = self;
                $reading.saving
            }
        }
    };
}

visitor!(['a] Reading<'a>, 'a, |this| this, |_reads, tensor| TensorRef::borrowed(tensor));
visitor!(['b, 'r, 'a] Behind<'r, 'a>, 'b, |this| this.0, |reads, tensor| TensorRef::copied(tensor, reads.copy));

impl<'a> Walk<TensorRef<'a>> {
    /// The leaves of some kinds, those of one storage once.
    pub(crate) fn leaves_once(
        &self,
        wanted: impl Fn(Kind) -> bool,
    ) -> impl Iterator<Item = &Leaf<TensorRef<'a>>> {
        let mut seen = HashSet::new();
        self.leaves
            .iter()
            .filter(move |leaf| wanted(leaf.kind))
            .filter(move |leaf| self.storage(leaf).is_none_or(|id| seen.insert(id)))
    }
}
