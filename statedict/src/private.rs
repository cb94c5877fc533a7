//! The only names that generated code uses. Not part of the public interface.
//!
//! Each helper takes the field's type by turbofish, so that a missing trait is reported at the
//! type of the field and not at the derive.

use std::any::type_name;
use std::marker::PhantomData;

pub use crate::schema::SchemaBuilder;
use crate::visit::{Alias, Loaded};
pub use crate::visit::{Change, ModuleInfo, Visitor, VisitorMut};
use crate::{ExtraState, StateDict, Tensor, TensorMut};

/// A field that is a parameter or a buffer: a tensor, or an `Option` of one.
///
/// One trait for both directions: with two, a type that is no tensor would be reported twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
    label = "expected a tensor type, or an `Option` of one",
    note = "if it is a module, remove `#[param]`, `#[buffer]` or `#[persistent]`",
    note = "a tensor library's types need that library's feature of `statedict`",
    note = "a tensor type of your own needs to implement `statedict::TensorMut`"
)]
pub trait Leaf {
    const OPTIONAL: bool;
    fn tensor(&self) -> Option<&dyn Tensor>;
    fn tensor_mut(&mut self) -> Option<&mut dyn TensorMut>;
}

#[diagnostic::do_not_recommend]
impl<T: TensorMut> Leaf for T {
    const OPTIONAL: bool = false;

    fn tensor(&self) -> Option<&dyn Tensor> {
        Some(self)
    }

    fn tensor_mut(&mut self) -> Option<&mut dyn TensorMut> {
        Some(self)
    }
}

/// As `register_parameter("bias", None)`: the name is known, and nothing is saved.
#[diagnostic::do_not_recommend]
impl<T: TensorMut> Leaf for Option<T> {
    const OPTIONAL: bool = true;

    fn tensor(&self) -> Option<&dyn Tensor> {
        self.as_ref().map(|tensor| tensor as &dyn Tensor)
    }

    fn tensor_mut(&mut self) -> Option<&mut dyn TensorMut> {
        self.as_mut().map(|tensor| tensor as &mut dyn TensorMut)
    }
}

/// A type that the derive leaves out of the state by its name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has the name of a standard type, but is another",
    label = "not known to be without state",
    note = "if this field is not part of the state, mark it `#[skip]`",
    note = "if it is a module or a tensor, name its type otherwise: `type Weights = ...`"
)]
pub trait Plain {}

macro_rules! plain {
    ($($ty:ty)*) => { $(#[diagnostic::do_not_recommend] impl Plain for $ty {})* };
}

plain! {
    () bool char f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize String &'static str
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> Plain for PhantomData<T> {}

pub fn plain<T: Plain>() {}

/// An [`Alias`] of a field of type `T`.
#[diagnostic::on_unimplemented(
    message = "an alias must have the type of the field that it stands for",
    label = "expected `Alias<{T}>`"
)]
pub trait AliasOf<T: ?Sized> {}

impl<T: ?Sized> AliasOf<T> for Alias<T> {}

pub fn alias_of<A: AliasOf<T>, T: ?Sized>() {}

/// An [`Alias`] of whatever it says; where it stands for a path, no type is known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `statedict::Alias`",
    label = "has its name, but is another type",
    note = "name the type otherwise, and the field is a handle that must share with what it is an alias of"
)]
pub trait IsAlias {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsAlias for Alias<T> {}

pub fn alias<A: IsAlias>() {}

/// Runs a module's hook, if a state dict is about to be made.
pub fn pre_save<M>(visitor: &dyn Visitor<'_>, module: &M, hook: fn(&M)) {
    if visitor.saving() {
        hook(module);
    }
}

/// Runs a module's hook, if a load has just ended.
pub fn post_load<M>(visitor: &dyn VisitorMut<'_>, module: &mut M, hook: fn(&mut M, &Loaded)) {
    if let Some(loaded) = visitor.loaded() {
        hook(module, loaded);
    }
}

/// How the derive reaches the extra state of a module; as [`LeafField`].
pub struct ModuleExtra<M> {
    get: fn(&M) -> &dyn ExtraState,
    get_mut: fn(&mut M) -> &mut dyn ExtraState,
}

pub const fn extra_state<M: ExtraState>() -> ModuleExtra<M> {
    ModuleExtra { get: |module| module, get_mut: |module| module }
}

impl<M> ModuleExtra<M> {
    pub fn report(self, visitor: &mut dyn Visitor<'_>, module: &M) {
        visitor.extra_state((self.get)(module));
    }

    pub fn report_mut(self, visitor: &mut dyn VisitorMut<'_>, module: &mut M) {
        visitor.extra_state((self.get_mut)(module));
    }
}

/// How the derive reaches a field of type `T` that is a parameter or a buffer.
///
/// The bound is that of [`leaf`] alone: `visit` and `visit_mut` both call it, so that the compiler
/// finds the same mistake in both, and reports it once.
pub struct LeafField<T> {
    get: fn(&T) -> Option<&dyn Tensor>,
    get_mut: fn(&mut T) -> Option<&mut dyn TensorMut>,
    optional: bool,
}

pub const fn leaf<T: Leaf>() -> LeafField<T> {
    LeafField { get: T::tensor, get_mut: T::tensor_mut, optional: T::OPTIONAL }
}

impl<T> LeafField<T> {
    pub fn describe_parameter(self, schema: &mut SchemaBuilder, name: &str) {
        schema.parameter(name, self.optional);
    }

    pub fn describe_buffer(self, schema: &mut SchemaBuilder, name: &str, persistent: bool) {
        schema.buffer(name, self.optional, persistent);
    }

    pub fn parameter<'a>(self, visitor: &mut dyn Visitor<'a>, name: &str, field: &'a T) {
        if let Some(tensor) = (self.get)(field) {
            visitor.parameter(name, tensor);
        }
    }

    pub fn parameter_mut<'a>(self, visitor: &mut dyn VisitorMut<'a>, name: &str, field: &'a mut T) {
        if let Some(tensor) = (self.get_mut)(field) {
            visitor.parameter(name, tensor);
        }
    }

    pub fn buffer<'a>(
        self,
        visitor: &mut dyn Visitor<'a>,
        name: &str,
        field: &'a T,
        persistent: bool,
    ) {
        if let Some(tensor) = (self.get)(field) {
            visitor.buffer(name, tensor, persistent);
        }
    }

    pub fn buffer_mut<'a>(
        self,
        visitor: &mut dyn VisitorMut<'a>,
        name: &str,
        field: &'a mut T,
        persistent: bool,
    ) {
        if let Some(tensor) = (self.get_mut)(field) {
            visitor.buffer(name, tensor, persistent);
        }
    }
}

/// How the derive reaches a field of type `M` that is a child module; as [`LeafField`].
pub struct ChildField<M> {
    get: fn(&M) -> &dyn StateDict,
    get_mut: fn(&mut M) -> &mut dyn StateDict,
}

pub const fn child<M: StateDict>() -> ChildField<M> {
    ChildField { get: |module| module, get_mut: |module| module }
}

impl<M> ChildField<M> {
    pub fn child<'a>(self, visitor: &mut dyn Visitor<'a>, name: &str, field: &'a M) {
        visitor.child(name, (self.get)(field));
    }

    pub fn child_mut<'a>(self, visitor: &mut dyn VisitorMut<'a>, name: &str, field: &'a mut M) {
        visitor.child(name, (self.get_mut)(field));
    }

    pub fn flatten<'a>(self, visitor: &mut dyn Visitor<'a>, field: &'a M) {
        visitor.flatten((self.get)(field));
    }

    pub fn flatten_mut<'a>(self, visitor: &mut dyn VisitorMut<'a>, field: &'a mut M) {
        visitor.flatten((self.get_mut)(field));
    }

    /// The module that the field's struct or variant is.
    pub fn content<'a>(self, visitor: &mut dyn Visitor<'a>, field: &'a M) {
        (self.get)(field).visit(visitor);
    }

    pub fn content_mut<'a>(self, visitor: &mut dyn VisitorMut<'a>, field: &'a mut M) {
        (self.get_mut)(field).visit_mut(visitor);
    }
}

/// A type that may describe itself: what is in a `Box<M>`, where `M` may be a `dyn StateDict`, which
/// does not. The method of its own is found where the type is known to be a module, and
/// that of [`Opaque`] elsewhere.
pub struct Probe<M: ?Sized>(PhantomData<M>);

pub const fn probe<M: ?Sized>() -> Probe<M> {
    Probe(PhantomData)
}

impl<M: StateDict> Probe<M> {
    pub fn describe(self) -> Describe {
        Describe { rust_type: type_name::<M>(), describe: M::describe }
    }
}

/// What only a value knows.
pub trait Opaque: Sized {
    fn describe(self) -> Describe;
}

impl<M: ?Sized> Opaque for Probe<M> {
    fn describe(self) -> Describe {
        Describe { rust_type: type_name::<M>(), describe: SchemaBuilder::unknown }
    }
}

/// How the derive describes a field that is a child module.
pub struct Describe {
    rust_type: &'static str,
    describe: fn(&mut SchemaBuilder),
}

impl Describe {
    pub fn child(self, schema: &mut SchemaBuilder, name: &str) {
        schema.child(name, self.describe);
    }

    pub fn flatten(self, schema: &mut SchemaBuilder) {
        schema.flatten(self.describe);
    }

    pub fn content(self, schema: &mut SchemaBuilder) {
        schema.content(self.rust_type, self.describe);
    }
}
