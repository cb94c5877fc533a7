//! How a model is walked: the calls its implementation of [`StateDict`](crate::StateDict) makes.

mod alias;
mod error;
mod hook;
mod keys;
mod leaf;
mod marker;
mod module;
mod names;
mod order;
mod reading;
mod sharing;
mod siblings;
mod tour;
mod walk;
mod writing;

pub use error::{ModelError, Unavailable};
pub use hook::Loaded;
pub(crate) use keys::{Key, KeyTree, ROOT, narrow, wide};
pub(crate) use leaf::Elements;
pub use leaf::TensorRef;
pub use marker::Alias;
pub use module::{Change, MigrateStep, ModuleInfo};
pub(crate) use names::{ExtraName, Name, Names};
pub(crate) use reading::{walk, walk_copying, walk_saving};
pub(crate) use sharing::Firsts;
pub(crate) use tour::{run_post_load, set_training, visit_extra_states};
pub use walk::Kind;
pub(crate) use walk::{Infos, Leaf, Module, Walk};
pub(crate) use writing::{Slot, walk_mut, walk_writing};

use crate::extra_state::ExtraState;
use crate::traits::{StateDict, StorageId, Tensor, TensorMut};

/// Takes what a model reports of itself, for reading.
///
/// Names are single segments: the visitor puts the prefix before them.
pub trait Visitor<'a> {
    /// The module that is being visited: the first call of every module.
    fn module(&mut self, info: ModuleInfo);

    /// A parameter.
    fn parameter(&mut self, name: &str, tensor: &'a dyn Tensor);

    /// A buffer; one that is not persistent is no part of the state dict.
    fn buffer(&mut self, name: &str, tensor: &'a dyn Tensor, persistent: bool);

    /// A child module. The visitor visits it, with `name` added to the prefix.
    fn child(&mut self, name: &str, module: &'a dyn StateDict);

    /// A child module whose keys are this module's own: no segment is added to the prefix.
    fn flatten(&mut self, module: &'a dyn StateDict);

    /// `name` is another name of `target`, in Python `self.name = self.target`: the keys under
    /// `name` are those under `target`, and their storage is the same. Both are dotted paths
    /// from this module: to a child, or to a parameter or buffer.
    fn alias(&mut self, name: &str, target: &str);

    /// The leaf or child `name`, which was reported before, must share its storage with `target`,
    /// or, where that is `None`, with any leaf before it.
    fn tied(&mut self, name: &str, target: Option<&str>);

    /// What follows is reached through a handle that may not be the only one, as an `Rc`. The
    /// visitor calls `visit` with itself, unless it has met a handle of the same `id` before.
    fn shared(&mut self, id: StorageId, visit: &mut dyn FnMut(&mut dyn Visitor<'a>));

    /// What follows is behind a lock, and can be borrowed only until `visit` returns. The visitor
    /// calls it once, with a visitor that keeps no reference.
    fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> Visitor<'g>));

    /// The module's content cannot be reached.
    fn unavailable(&mut self, reason: Unavailable);

    /// The module has extra state: after its parameters and buffers, before its children. The visitor
    /// asks for it only while it is called.
    fn extra_state(&mut self, _state: &dyn ExtraState) {}

    /// Whether a state dict is about to be made: then the module runs its `pre_save` hook first.
    fn saving(&self) -> bool {
        false
    }
}

/// Takes what a model reports of itself, for writing: the same calls as [`Visitor`]'s.
pub trait VisitorMut<'a> {
    /// The module that is being visited: the first call of every module.
    fn module(&mut self, info: ModuleInfo);

    /// A parameter.
    fn parameter(&mut self, name: &str, tensor: &'a mut dyn TensorMut);

    /// A buffer; one that is not persistent is no part of the state dict.
    fn buffer(&mut self, name: &str, tensor: &'a mut dyn TensorMut, persistent: bool);

    /// A child module. The visitor visits it, with `name` added to the prefix.
    fn child(&mut self, name: &str, module: &'a mut dyn StateDict);

    /// A child module whose keys are this module's own; see [`Visitor::flatten`].
    fn flatten(&mut self, module: &'a mut dyn StateDict);

    /// `name` is another name of `target`; see [`Visitor::alias`].
    fn alias(&mut self, name: &str, target: &str);

    /// `name` must share its storage; see [`Visitor::tied`].
    fn tied(&mut self, name: &str, target: Option<&str>);

    /// What follows may have other handles; see [`Visitor::shared`].
    fn shared(&mut self, id: StorageId, visit: &mut dyn FnMut(&mut dyn VisitorMut<'a>));

    /// What follows is behind a lock; see [`Visitor::locked`].
    fn locked(&mut self, visit: &mut dyn FnMut(&mut dyn for<'g> VisitorMut<'g>));

    /// The module's content cannot be reached.
    fn unavailable(&mut self, reason: Unavailable);

    /// The module's mode flag: whether it is being trained. Only visitors that set it look at it.
    fn training(&mut self, _flag: &mut bool) {}

    /// The module has extra state. Unlike [`Visitor::extra_state`] this comes before the module's
    /// leaves: while they are lent, the module cannot be.
    fn extra_state(&mut self, _state: &mut dyn ExtraState) {}

    /// Whether a load has just ended, and what it did to this module: then the module runs its
    /// `post_load` hook, before it reports any leaf.
    fn loaded(&self) -> Option<&Loaded> {
        None
    }
}
