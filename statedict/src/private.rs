//! The only names that generated code uses. Not part of the public interface.
//!
//! Each helper takes the field's type by turbofish, so that a missing trait is reported at the
//! type of the field and not at the derive.

use std::marker::PhantomData;

pub use crate::traits::Leaf;
use crate::visit::{Alias, Content, Describe, Loaded};
pub use crate::visit::{
    ByMut, ByRef, Change, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};
use crate::{ExtraState, Tensor, TensorMut};

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

/// The table of a struct.
pub fn table<M: StateDict>() -> &'static FieldTable {
    M::describe().table()
}

/// The table of an enum's variant.
pub fn variant<M: StateDict>(number: usize) -> &'static FieldTable {
    M::describe().variant(number)
}

/// Hands a module's hook to a visitor, which runs it if a state dict is about to be made.
pub struct PreSave<M>(fn(&M));

pub fn pre_save<M>(hook: fn(&M)) -> PreSave<M> {
    PreSave(hook)
}

impl<M> PreSave<M> {
    pub fn of<'s, 'a: 's>(self, visitor: &mut dyn Visitor<ByRef<'a>>, module: &'s M) {
        visitor.hook(&mut || (self.0)(module));
    }
}

/// Hands a module's hook to a visitor, which runs it if a load has just ended.
pub struct PostLoad<M>(fn(&mut M, &Loaded));

pub fn post_load<M>(hook: fn(&mut M, &Loaded)) -> PostLoad<M> {
    PostLoad(hook)
}

impl<M> PostLoad<M> {
    pub fn of_mut<'s, 'a: 's>(self, visitor: &mut dyn Visitor<ByMut<'a>>, module: &'s mut M) {
        visitor.hook(&mut |loaded| (self.0)(module, loaded));
    }
}

/// Reaches the extra state of a module for the derive; like [`LeafField`].
pub struct ModuleExtra<M> {
    get: fn(&M) -> &dyn ExtraState,
    get_mut: fn(&mut M) -> &mut dyn ExtraState,
}

pub const fn extra_state<M: ExtraState>() -> ModuleExtra<M> {
    ModuleExtra { get: |module| module, get_mut: |module| module }
}

impl<M> ModuleExtra<M> {
    pub fn of<'s, 'a: 's>(self, visitor: &mut dyn Visitor<ByRef<'a>>, module: &'s M) {
        visitor.extra_state((self.get)(module));
    }

    pub fn of_mut<'s, 'a: 's>(self, visitor: &mut dyn Visitor<ByMut<'a>>, module: &'s mut M) {
        visitor.extra_state((self.get_mut)(module));
    }
}

/// Reaches a field of type `T` that is a parameter or a buffer, for the derive.
///
/// The bound is that of [`leaf`] alone: all generated methods call it, so that the compiler finds the
/// same mistake in each, and reports it once.
pub struct LeafField<T> {
    get: fn(&T) -> Option<&dyn Tensor>,
    get_mut: fn(&mut T) -> Option<&mut dyn TensorMut>,
    optional: bool,
}

pub const fn leaf<T: Leaf>() -> LeafField<T> {
    LeafField { get: T::tensor, get_mut: T::tensor_mut, optional: T::OPTIONAL }
}

impl<T> LeafField<T> {
    pub const fn parameter(self, name: &'static str) -> Field<'static> {
        optional(Field::parameter(name), self.optional)
    }

    pub const fn buffer(self, name: &'static str, persistent: bool) -> Field<'static> {
        optional(Field::buffer_if(name, persistent), self.optional)
    }

    pub fn of(self, field: &T) -> Content<ByRef<'_>> {
        (self.get)(field).map_or(Content::None, Content::Tensor)
    }

    pub fn of_mut(self, field: &mut T) -> Content<ByMut<'_>> {
        (self.get_mut)(field).map_or(Content::None, Content::Tensor)
    }
}

const fn optional(field: Field<'static>, optional: bool) -> Field<'static> {
    if optional { field.optional() } else { field }
}

/// Reaches a field of type `M` that is a child module; like [`LeafField`].
pub struct ChildField<M> {
    get: fn(&M) -> &dyn StateDict,
    get_mut: fn(&mut M) -> &mut dyn StateDict,
}

pub const fn child<M: StateDict>() -> ChildField<M> {
    ChildField { get: |module| module, get_mut: |module| module }
}

impl<M> ChildField<M> {
    pub fn of(self, field: &M) -> Content<ByRef<'_>> {
        Content::Module((self.get)(field))
    }

    pub fn of_mut(self, field: &mut M) -> Content<ByMut<'_>> {
        Content::Module((self.get_mut)(field))
    }

    /// Visits the module that the field's struct or variant is.
    pub fn visit<'a>(self, visitor: &mut dyn Visitor<ByRef<'a>>, field: &'a M) {
        (self.get)(field).visit(visitor);
    }

    pub fn visit_mut<'a>(self, visitor: &mut dyn Visitor<ByMut<'a>>, field: &'a mut M) {
        (self.get_mut)(field).visit_mut(visitor);
    }
}

pub fn flag(flag: &bool) -> Content<ByRef<'_>> {
    Content::Flag(flag)
}

pub fn flag_mut(flag: &mut bool) -> Content<ByMut<'_>> {
    Content::Flag(flag)
}

/// A type that may describe itself: what is in a `Box<M>`, where `M` may be a `dyn StateDict`, which
/// does not. The constants of its own are found where the type is known to be a module, and those of
/// [`Opaque`] elsewhere.
pub struct Probe<M: ?Sized>(PhantomData<M>);

impl<M: StateDict> Probe<M> {
    pub const DESCRIBE: Describe = M::describe;
    pub const SAME: Description = Description::same_as::<M>();
}

/// A type that only a value describes.
pub trait Opaque {
    const DESCRIBE: Describe = || Description::Unknown;
    const SAME: Description = Description::Unknown;
}

impl<M: ?Sized> Opaque for Probe<M> {}
