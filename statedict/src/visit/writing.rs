//! A walk for writing.

use crate::dtype::DType;
use crate::extra_state::ExtraState;
use crate::leaf::TensorMut;
use crate::tensor::Shape;
use crate::visit::walk::{Size, StorageOf, Walk};
use crate::visit::walking::{Walking, storage_of};
use crate::visit::{ByMut, Loaded, Part, StateDict, Visitor};

/// How a leaf can be written.
pub(crate) enum Slot<'a> {
    /// At any time.
    Borrowed(&'a mut dyn TensorMut),
    /// While the walk is at it: it is behind a lock.
    Locked(Box<(Option<DType>, Shape)>),
}

impl Slot<'_> {
    /// The dtype, where the tensor has one.
    pub(crate) fn dtype(&self) -> Option<DType> {
        match self {
            Slot::Borrowed(tensor) => tensor.dtype().ok(),
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

/// Walks `model` without writing; it was found to be of this size.
pub(crate) fn walk_mut<M: StateDict + ?Sized>(model: &mut M, size: Size) -> Walk<Slot<'_>> {
    walk_writing(model, size, &mut |_, _| {})
}

/// The number of a leaf that is not known.
const UNKNOWN: usize = usize::MAX;

/// Walks `model`, which was found to be of this size, and hands each leaf that cannot be borrowed to `write`: up to the
/// first module that cannot be reached. Names are not checked again: they are to be those of the walk for reading.
pub(crate) fn walk_writing<'a, M: StateDict + ?Sized>(
    model: &'a mut M,
    size: Size,
    write: &mut Write<'_>,
) -> Walk<Slot<'a>> {
    let mut walk = Walk::again(size);
    model.visit_fields_mut(&mut Writer { walk: &mut walk, write, keep: borrowed });
    walk
}

/// Takes the parts of a model; leaves are kept as `keep` says.
struct Writer<'r, 'a, 'w, K> {
    walk: &'r mut Walk<Slot<'a>>,
    write: &'r mut Write<'w>,
    keep: K,
}

/// The storage of a leaf, which is equal for leaves that are one tensor, and the part of it that a walk keeps.
type Kept<'a> = (Option<StorageOf>, Slot<'a>);

fn borrowed<'a>(_: usize, _: &mut Write<'_>, tensor: &'a mut dyn TensorMut) -> Kept<'a> {
    (storage_of(tensor), Slot::Borrowed(tensor))
}

/// Behind a lock no reference can be kept, so the leaf is written here.
fn written<'a>(leaf: usize, write: &mut Write<'_>, tensor: &mut dyn TensorMut) -> Kept<'a> {
    if leaf != UNKNOWN {
        write(leaf, tensor);
    }
    (storage_of(tensor), Slot::Locked(Box::new((tensor.dtype().ok(), tensor.shape()))))
}

impl<'g, 'a, 'w, K> Visitor<ByMut<'g>> for Writer<'_, 'a, 'w, K>
where
    K: Fn(usize, &mut Write<'w>, &'g mut dyn TensorMut) -> Kept<'a>,
{
    fn take(&mut self, part: Part<'_, ByMut<'g>>) {
        self.walk_part(part);
    }
}

impl<'g, 'a, 'w, K> Walking<ByMut<'g>> for Writer<'_, 'a, 'w, K>
where
    K: Fn(usize, &mut Write<'w>, &'g mut dyn TensorMut) -> Kept<'a>,
{
    type Slot = Slot<'a>;

    fn walk(&mut self) -> &mut Walk<Slot<'a>> {
        self.walk
    }

    fn keep(&mut self, tensor: &'g mut dyn TensorMut) -> Kept<'a> {
        // After a module that cannot be reached, the numbers would be those of other leaves.
        let known = self.walk.problems().is_empty();
        let leaf = if known { self.walk.leaves.len() } else { UNKNOWN };
        (self.keep)(leaf, self.write, tensor)
    }

    fn go_behind(&mut self, visit: &mut dyn FnMut(&mut dyn for<'h> Visitor<ByMut<'h>>)) {
        self.walk.locked = true;
        visit(&mut Writer { walk: self.walk, write: self.write, keep: written });
    }

    fn run_hook(&mut self, _: &mut dyn FnMut(&Loaded)) {
        self.walk.hooked = true;
    }

    fn take_extra_state(&mut self, _: &mut dyn ExtraState) {}

    fn place_extra_state(&mut self) {
        self.walk.add_extra(None);
    }
}
