//! A walk for reading.

use foldhash::{HashSet, HashSetExt};

use crate::extra_state::ExtraState;
use crate::leaf::Tensor;
use crate::tensor::StorageError;
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
        model.visit_fields(&mut Reader { reading: &mut reading, keep: borrowed });
        reading.walk
    }
}

/// Takes the parts of a model; leaves are kept as `keep` says.
struct Reader<'r, 'a, K> {
    reading: &'r mut Reading<'a>,
    keep: K,
}

fn borrowed<'a>(_: &Reading<'a>, tensor: &'a dyn Tensor) -> TensorRef<'a> {
    TensorRef::borrowed(tensor)
}

/// Behind a lock no reference can be kept.
fn copied<'a>(reading: &Reading<'a>, tensor: &dyn Tensor) -> TensorRef<'a> {
    TensorRef::copied(tensor, reading.copy)
}

impl<'g, 'a, K> Visitor<ByRef<'g>> for Reader<'_, 'a, K>
where
    K: Fn(&Reading<'a>, &'g dyn Tensor) -> TensorRef<'a>,
{
    fn take(&mut self, part: Part<'_, ByRef<'g>>) {
        self.walk_part(part);
    }
}

impl<'g, 'a, K> Walking<ByRef<'g>> for Reader<'_, 'a, K>
where
    K: Fn(&Reading<'a>, &'g dyn Tensor) -> TensorRef<'a>,
{
    type Slot = TensorRef<'a>;

    fn walk(&mut self) -> &mut Walk<TensorRef<'a>> {
        &mut self.reading.walk
    }

    fn keep(&mut self, tensor: &'g dyn Tensor) -> (Option<StorageOf>, TensorRef<'a>) {
        (storage_of(tensor), (self.keep)(self.reading, tensor))
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'h> Visitor<ByRef<'h>>)) {
        self.reading.walk.locked = true;
        visit(&mut Reader { reading: self.reading, keep: copied });
    }

    fn run_hook(&mut self, hook: &mut dyn FnMut()) {
        if self.reading.saving {
            hook();
        }
    }

    fn take_extra_state(&mut self, state: &dyn ExtraState) {
        let Reading { saving, extra, .. } = &mut *self.reading;
        *extra = saving.then(|| SharedValue::of(state.get_extra_state().root()));
    }

    fn place_extra_state(&mut self) {
        let value = self.reading.extra.take();
        let is_lent = value.is_some() == self.reading.saving;
        assert!(is_lent, "a module with extra state lends it before its fields");
        self.reading.walk.add_extra(value);
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
