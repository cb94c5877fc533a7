//! What a walk does with each part that a module lists: the same for reading and for writing.

use crate::leaf::Tensor;
use crate::visit::field::{FieldKind, Tied};
use crate::visit::walk::{Kind, StorageOf, Walk};
use crate::visit::{Access, Content, Part, Visitor};

/// A walk that takes leaves in one way. Behind a lock they are taken in another.
pub(super) trait Walking<A: Access>: Visitor<A> + Sized {
    /// The part of a leaf that the walk keeps.
    type Slot;

    fn walk(&mut self) -> &mut Walk<Self::Slot>;

    /// Returns what is kept of a leaf, and what tells which leaves are one tensor with it.
    fn keep(&mut self, tensor: A::Tensor) -> (Option<StorageOf>, Self::Slot);

    /// Visits what is behind a lock.
    fn go_behind(&mut self, visit: A::Locked<'_>);

    fn run_hook(&mut self, hook: A::Hook<'_>);

    fn take_extra_state(&mut self, state: A::Extra<'_>);

    /// Notes the place of the extra state that was lent before.
    fn place_extra_state(&mut self);

    #[inline]
    fn walk_part(&mut self, part: Part<'_, A>) {
        match part {
            Part::Module(info) => self.walk().add_module(info),
            Part::Field(field, content) => {
                match (field.kind, content) {
                    (FieldKind::Parameter, Content::Tensor(tensor)) => {
                        self.leaf(field.name, Kind::Parameter, tensor);
                    }
                    (FieldKind::Buffer { persistent }, Content::Tensor(tensor)) => {
                        self.leaf(field.name, Kind::of_buffer(persistent), tensor);
                    }
                    (FieldKind::Child(_), Content::Module(module)) => {
                        let outer = self.walk().enter(field.name);
                        A::visit(module, self);
                        self.walk().leave(outer);
                    }
                    (FieldKind::Flattened(_), Content::Module(module)) => {
                        self.walk().enter_flat();
                        A::visit(module, self);
                        self.walk().leave_flat();
                    }
                    (FieldKind::Alias(target), _) => self.walk().add_alias(field.name, target),
                    (FieldKind::ExtraState, _) => self.place_extra_state(),
                    // No content, or one that is not walked.
                    _ => {}
                }
                if let Some(tied) = field.tied {
                    let target = match tied {
                        Tied::Earlier => None,
                        Tied::To(target) => Some(target),
                    };
                    self.walk().add_tie(field.name, target);
                }
            }
            Part::Shared(id, visit) => {
                if let Some(start) = self.walk().enter_shared(id) {
                    visit(self);
                    self.walk().leave_shared(id, start);
                }
            }
            Part::Locked(visit) => {
                self.walk().contended = true;
                self.go_behind(visit);
            }
            Part::Temporary(visit) => self.go_behind(visit),
            Part::Unavailable(reason) => self.walk().add_unavailable(reason),
            Part::Hook(hook) => self.run_hook(hook),
            Part::ExtraState(state) => self.take_extra_state(state),
        }
    }

    #[inline]
    fn leaf(&mut self, name: &str, kind: Kind, tensor: A::Tensor) {
        let (storage, slot) = self.keep(tensor);
        self.walk().add_leaf(name, kind, storage, slot);
    }
}

/// Returns what tells which leaves are one tensor with this one.
#[inline]
pub(super) fn storage_of(tensor: &dyn Tensor) -> Option<StorageOf> {
    tensor.storage_id().map(|id| (id, tensor.dtype().ok(), tensor.shape()))
}
