//! A walk for writing.

use crate::dtype::DType;
use crate::extra_state::ExtraState;
use crate::tensor::Shape;
use crate::traits::TensorMut;
use crate::visit::walk::{StorageOf, Walk};
use crate::visit::walking::{Walking, storage_of};
use crate::visit::{ByMut, Loaded, Part, StateDict, Visitor};

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

impl<'a> Visitor<ByMut<'a>> for Writing<'a, '_> {
    fn take(&mut self, part: Part<'_, ByMut<'a>>) {
        self.walk_part(part);
    }
}

impl<'a> Walking<ByMut<'a>> for Writing<'a, '_> {
    type Slot = Slot<'a>;

    fn walk(&mut self) -> &mut Walk<Slot<'a>> {
        &mut self.walk
    }

    fn keep(&mut self, tensor: &'a mut dyn TensorMut) -> (Option<StorageOf>, Slot<'a>) {
        (storage_of(tensor), Slot::Borrowed(tensor))
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> Visitor<ByMut<'g>>)) {
        visit(&mut Behind(self));
    }

    fn run_hook(&mut self, _: &mut dyn FnMut(&Loaded)) {}

    fn take_extra_state(&mut self, _: &mut dyn ExtraState) {}

    fn place_extra_state(&mut self) {
        self.walk.add_extra(None);
    }
}

/// The same walk behind a lock, where no reference can be kept.
struct Behind<'r, 'a, 'w>(&'r mut Writing<'a, 'w>);

impl<'g> Visitor<ByMut<'g>> for Behind<'_, '_, '_> {
    fn take(&mut self, part: Part<'_, ByMut<'g>>) {
        self.walk_part(part);
    }
}

impl<'g, 'a> Walking<ByMut<'g>> for Behind<'_, 'a, '_> {
    type Slot = Slot<'a>;

    fn walk(&mut self) -> &mut Walk<Slot<'a>> {
        &mut self.0.walk
    }

    fn keep(&mut self, tensor: &'g mut dyn TensorMut) -> (Option<StorageOf>, Slot<'a>) {
        (self.0.write)(self.0.walk.leaves.len(), tensor);
        let slot = Slot::Locked(Box::new((tensor.dtype(), tensor.shape())));
        (storage_of(tensor), slot)
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'h> Visitor<ByMut<'h>>)) {
        visit(self);
    }

    fn run_hook(&mut self, _: &mut dyn FnMut(&Loaded)) {}

    fn take_extra_state(&mut self, _: &mut dyn ExtraState) {}

    fn place_extra_state(&mut self) {
        self.0.place_extra_state();
    }
}
