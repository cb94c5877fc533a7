//! A walk for reading.

use foldhash::{HashSet, HashSetExt};

use crate::extra_state::ExtraState;
use crate::tensor::StorageError;
use crate::traits::Tensor;
use crate::value::SharedValue;
use crate::visit::walk::{Kind, Leaf, StorageOf, Walk};
use crate::visit::walking::{Walking, storage_of};
use crate::visit::{ByRef, Part, StateDict, TensorRef, Visitor};

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
    /// The extra state of the module that is about to list its fields.
    extra: Option<Result<SharedValue, StorageError>>,
}

impl<'a> Reading<'a> {
    fn of<M: StateDict + ?Sized>(model: &'a M, copy: bool, saving: bool) -> Walk<TensorRef<'a>> {
        let mut reading = Reading { walk: Walk::new(), copy, saving, extra: None };
        model.visit(&mut reading);
        reading.walk
    }
}

impl<'a> Visitor<ByRef<'a>> for Reading<'a> {
    fn take(&mut self, part: Part<'_, ByRef<'a>>) {
        self.walk_part(part);
    }
}

impl<'a> Walking<ByRef<'a>> for Reading<'a> {
    type Slot = TensorRef<'a>;

    fn walk(&mut self) -> &mut Walk<TensorRef<'a>> {
        &mut self.walk
    }

    fn keep(&mut self, tensor: &'a dyn Tensor) -> (Option<StorageOf>, TensorRef<'a>) {
        (storage_of(tensor), TensorRef::borrowed(tensor))
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> Visitor<ByRef<'g>>)) {
        visit(&mut Behind(self));
    }

    fn run_hook(&mut self, hook: &mut dyn FnMut()) {
        if self.saving {
            hook();
        }
    }

    fn take_extra_state(&mut self, state: &dyn ExtraState) {
        self.extra = self.saving.then(|| SharedValue::of(state.get_extra_state().root()));
    }

    fn place_extra_state(&mut self) {
        let value = self.extra.take();
        assert!(
            value.is_some() == self.saving,
            "a module has extra state, and lends it before its fields"
        );
        self.walk.add_extra(value);
    }
}

/// The same walk behind a lock, where no reference can be kept.
struct Behind<'r, 'a>(&'r mut Reading<'a>);

impl<'g> Visitor<ByRef<'g>> for Behind<'_, '_> {
    fn take(&mut self, part: Part<'_, ByRef<'g>>) {
        self.walk_part(part);
    }
}

impl<'g, 'a> Walking<ByRef<'g>> for Behind<'_, 'a> {
    type Slot = TensorRef<'a>;

    fn walk(&mut self) -> &mut Walk<TensorRef<'a>> {
        &mut self.0.walk
    }

    fn keep(&mut self, tensor: &'g dyn Tensor) -> (Option<StorageOf>, TensorRef<'a>) {
        (storage_of(tensor), TensorRef::copied(tensor, self.0.copy))
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'h> Visitor<ByRef<'h>>)) {
        visit(self);
    }

    fn run_hook(&mut self, hook: &mut dyn FnMut()) {
        self.0.run_hook(hook);
    }

    fn take_extra_state(&mut self, state: &dyn ExtraState) {
        self.0.take_extra_state(state);
    }

    fn place_extra_state(&mut self) {
        self.0.place_extra_state();
    }
}

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
