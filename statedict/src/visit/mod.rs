//! How a model is walked: the calls its implementation of [`StateDict`](crate::StateDict) makes.

mod alias;
mod error;
mod module;
mod walk;

pub use error::ModelError;
pub use module::{Change, MigrateStep, ModuleInfo};
pub use walk::Kind;
pub(crate) use walk::{Leaf, Name, Names, Walk, walk, walk_mut};

use crate::traits::{StateDict, Tensor, TensorMut};

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

    /// `name` is another name of `target`, in Python `self.name = self.target`: the keys under
    /// `name` are those under `target`, and their storage is the same. Both are dotted paths
    /// from this module: to a child, or to a parameter or buffer.
    fn alias(&mut self, name: &str, target: &str);
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

    /// `name` is another name of `target`; see [`Visitor::alias`].
    fn alias(&mut self, name: &str, target: &str);
}
