//! The only names that generated code uses. Not part of the public interface.
//!
//! Each helper takes the field's type by turbofish, so that a missing trait is reported at the
//! type of the field and not at the derive.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, RwLock};

pub use std::vec::Vec;

use crate::ExtraState;
use crate::visit::{Alias, Content, Describe, Loaded};
pub use crate::visit::{
    ByMut, ByRef, Change, Description, Field, FieldTable, LeafField, ModuleInfo, StateDict, Visitor,
};

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

#[diagnostic::do_not_recommend]
impl<T: Plain> Plain for Option<T> {}

#[diagnostic::do_not_recommend]
impl<T: Plain, const N: usize> Plain for [T; N] {}

macro_rules! plain_tuples {
    ($([$($item:ident)+])*) => { $(
        #[diagnostic::do_not_recommend]
        impl<$($item: Plain),+> Plain for ($($item,)+) {}
    )* };
}

plain_tuples! { [A] [A B] [A B C] [A B C D] [A B C D E] [A B C D E F] }

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

/// Fails to build: the derive could not read the item `M`. Where the compiler could not either, it has said so, and
/// does not come so far.
pub fn unreadable<M: ?Sized>() {
    const { panic!("`#[derive(StateDict)]` cannot read this item; please report it") }
}

/// The class `name`, of the Rust type `T`.
pub const fn class<T: ?Sized>(name: &'static str) -> ModuleInfo {
    ModuleInfo::new(name).of_type::<T>()
}

/// The table of a struct.
pub fn table(describe: Describe) -> &'static FieldTable {
    describe().table()
}

/// The table of an enum's variant.
pub fn variant(describe: Describe, number: usize) -> &'static FieldTable {
    describe().variant(number)
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

/// Reaches the extra state of a module for the derive.
///
/// The bound is that of [`extra_state`] alone: all generated methods call it, so that the compiler finds the
/// same mistake in each, and reports it once.
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

/// [`LeafField`] under other names, which say what to do with a type that is often taken for a tensor.
macro_rules! leaf_field {
    ($($(#[$texts:meta])* $name:ident)*) => { $(
        $(#[$texts])*
        pub trait $name {
            const PARAMETER: Field<'static>;
            const BUFFER: Field<'static>;
            const NOT_PERSISTENT: Field<'static>;
            fn content_of(field: &Self) -> Content<ByRef<'_>>;
            fn content_of_mut(field: &mut Self) -> Content<ByMut<'_>>;
        }

        #[diagnostic::do_not_recommend]
        impl<T: LeafField> $name for T {
            const PARAMETER: Field<'static> = <T as LeafField>::PARAMETER;
            const BUFFER: Field<'static> = <T as LeafField>::BUFFER;
            const NOT_PERSISTENT: Field<'static> = <T as LeafField>::NOT_PERSISTENT;

            fn content_of(field: &Self) -> Content<ByRef<'_>> {
                <T as LeafField>::content_of(field)
            }

            fn content_of_mut(field: &mut Self) -> Content<ByMut<'_>> {
                <T as LeafField>::content_of_mut(field)
            }
        }
    )* };
}

leaf_field! {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
        label = "expected a tensor type, or an `Option` of one",
        note = "several tensors are a `statedict::ParameterList` or `statedict::ParameterDict`, without a mark",
        note = "if it holds modules, remove `#[param]`, `#[buffer]` or `#[persistent]`"
    )]
    LeafOfList
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
        label = "expected a tensor type, or an `Option` of one",
        note = "put the tensor into a struct that derives `StateDict`; a handle or a lock goes around that, without a mark",
        note = "a number that only loading changes is a plain `i64` or `f32`"
    )]
    LeafOfGuard
}

/// The entries of a table with their names; an empty one leaves an entry its own.
pub const fn fields<const N: usize>(
    names: [&'static str; N],
    mut fields: [Field<'static>; N],
) -> [Field<'static>; N] {
    let mut nth = 0;
    while nth < N {
        if !names[nth].is_empty() {
            fields[nth] = fields[nth].named(names[nth]);
        }
        nth += 1;
    }
    fields
}

/// The entry of a child, to which [`fields`] gives its name.
pub const fn child(describe: Describe) -> Field<'static> {
    Field::child("", describe)
}

/// The entry of a child that may be the owner of what it is; like [`child`].
pub const fn owner(content: Option<Describe>, describe: Describe) -> Field<'static> {
    child(owned(content, describe))
}

/// The entry of an alias; like [`child`].
pub const fn alias_to(target: &'static str) -> Field<'static> {
    Field::alias("", target)
}

/// What a type is without its owners. The constant is the content's description where the owners are those of the
/// standard library and the content is a module; elsewhere [`Other`] has one.
pub struct Owned<Content: ?Sized, Owners>(PhantomData<(Owners, Content)>);

impl<Content: StateDict, Owners: AreOwners> Owned<Content, Owners> {
    pub const CONTENT: Option<Describe> = Some(Content::describe);
}

impl<Content: ?Sized, Owners> Owned<Content, Owners> {
    /// The description of what is the content and nothing more where there is one, and else of what is an `M`.
    pub const fn same<M>(content: Option<Describe>, describe: Describe) -> Description {
        match content {
            Some(content) => Description::same::<Content>(content),
            None => Description::same::<M>(describe),
        }
    }
}

/// What is not known to be only the owner of another.
pub trait Other {
    const CONTENT: Option<Describe>;
}

impl<Content: ?Sized, Owners> Other for Owned<Content, Owners> {
    const CONTENT: Option<Describe> = None;
}

/// The description of a type: that of what it owns, or its own.
pub const fn owned(content: Option<Describe>, describe: Describe) -> Describe {
    match content {
        Some(content) => content,
        None => describe,
    }
}

/// The owners of one module, which add nothing to it; several as nested pairs.
pub trait AreOwners {}

macro_rules! owners {
    ($($owner:ident)*) => { $(impl<M: ?Sized> AreOwners for $owner<M> {})* };
}

owners! { Box Rc Arc RefCell Mutex RwLock }

impl<P: AreOwners> AreOwners for Pin<P> {}

impl<A: AreOwners, B: AreOwners> AreOwners for (A, B) {}

/// A field that has an attribute like one of the derive's, and none of those. Where that is a slip, the compiler says
/// so; that `T` is not a module is then no second mistake.
pub struct Misspelt<T>(PhantomData<T>);

impl<T: StateDict> Misspelt<T> {
    pub const DESCRIBE: Describe = T::describe;

    pub fn content_of(module: &T) -> Content<ByRef<'_>> {
        T::content_of(module)
    }

    pub fn content_of_mut(module: &mut T) -> Content<ByMut<'_>> {
        T::content_of_mut(module)
    }
}

/// A field that is not a module. Where its attribute is another derive's, and so no slip, this does not build.
pub trait NotAModule<T> {
    const DESCRIBE: Describe = {
        panic!(
            "a field without `#[param]`, `#[buffer]` or `#[skip]` is not a module; its attribute that is like one of \
             these is another derive's"
        )
    };

    fn content_of(_: &T) -> Content<ByRef<'_>> {
        Content::None
    }

    fn content_of_mut(_: &mut T) -> Content<ByMut<'_>> {
        Content::None
    }
}

impl<T> NotAModule<T> for Misspelt<T> {}

/// The description of what is an `M` and nothing more.
pub const fn same_as<M>(describe: Describe) -> Description {
    Description::same::<M>(describe)
}

pub fn flag(flag: &bool) -> Content<ByRef<'_>> {
    Content::Flag(flag)
}

pub fn flag_mut(flag: &mut bool) -> Content<ByMut<'_>> {
    Content::Flag(flag)
}
