//! What a module is, and how it lists what it holds, for reading and for writing.

use std::any::type_name;
use std::marker::PhantomData;

use crate::extra_state::ExtraState;
use crate::leaf::{StorageId, Tensor, TensorMut};
use crate::visit::field::{Describe, Description, Field, FieldKind, FieldTable};
use crate::visit::{Loaded, ModuleInfo, Unavailable};

/// A module: something with parameters, buffers and child modules, like `torch.nn.Module`.
///
/// Derive it:
///
/// ```
/// use statedict::{CpuTensor, DType, StateDict};
///
/// #[derive(StateDict)]
/// struct Linear {
///     #[param]
///     weight: CpuTensor,
///     #[param]
///     bias: CpuTensor,
/// }
/// # let _ = Linear { weight: CpuTensor::zeros(DType::F32, [2, 3]), bias: CpuTensor::zeros(DType::F32, [2]) };
/// ```
///
/// An implementation by hand is a table of the fields, in PyTorch's order, and two lists of what they
/// hold:
///
/// ```
/// use statedict::prelude::*;
/// use statedict::visit::{ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, Visitor};
///
/// struct Linear {
///     weight: Vec<f32>,
///     bias: Option<Vec<f32>>,
/// }
///
/// const LINEAR: &FieldTable = &FieldTable::new(
///     ModuleInfo::new("Linear"),
///     &[Field::parameter("weight"), Field::parameter("bias").optional()],
/// );
///
/// impl StateDict for Linear {
///     fn describe() -> Description {
///         Description::Module(LINEAR)
///     }
///
///     fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
///         visitor.module(LINEAR, &mut [Content::leaf(&self.weight), Content::leaf(&self.bias)]);
///     }
///
///     fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
///         let contents = &mut [Content::leaf_mut(&mut self.weight), Content::leaf_mut(&mut self.bias)];
///         visitor.module(LINEAR, contents);
///     }
/// }
///
/// let linear = Linear { weight: vec![0.5; 6], bias: None };
/// assert_eq!(linear.state_dict()?.keys().collect::<Vec<_>>(), ["weight"]);
/// assert_eq!(
///     Linear::schema().to_string(),
///     "module (root): Linear\nparameter weight\nparameter bias, optional\n"
/// );
/// # Ok::<(), statedict::CollectError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module: it has no state dict",
    label = "cannot be saved in or loaded from a state dict",
    note = "if it is a module, add `#[derive(StateDict)]` to it; if it has that, a field asks one of its type parameters \
            to be a module or a tensor",
    note = "if this field is a tensor, mark it `#[param]` or `#[buffer]`; several are a `statedict::ParameterList` or `statedict::ParameterDict`",
    note = "if this field is not part of the state, mark it `#[skip]`"
)]
pub trait StateDict {
    /// Lists this module's fields and what they hold to `visitor`.
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>);

    /// Lists the same fields in the same order, for writing.
    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>);

    /// Does what [`visit_fields_mut`](Self::visit_fields_mut) does, where only a shared reference is at hand: for the
    /// content of an `Rc` that is not the only one. What has a lock can be written through it; the
    /// default, for all other types, says that it cannot.
    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.unavailable(Unavailable::Shared);
    }

    /// Returns what every value of this type has, for a [`Schema`](crate::Schema) and for
    /// [`StateMap::migrate`](crate::StateMap::migrate). By default, that only a value knows.
    fn describe() -> Description
    where
        Self: Sized,
    {
        Description::Unknown
    }

    /// Returns what a field of this type holds. Not a method, which might be taken for one of the model's.
    #[doc(hidden)]
    fn content_of(module: &Self) -> Content<ByRef<'_>>
    where
        Self: Sized,
    {
        Content::child(module)
    }

    /// The same for writing.
    #[doc(hidden)]
    fn content_of_mut(module: &mut Self) -> Content<ByMut<'_>>
    where
        Self: Sized,
    {
        Content::child_mut(module)
    }
}

/// Takes what a module lists of itself. A module calls the provided methods; an implementation has
/// one of its own.
pub trait Visitor<A: Access> {
    /// Takes one part. An implementation passes over the parts that do not concern it.
    fn take(&mut self, part: Part<'_, A>);

    /// Lists a module: the fields of its table, and what each of them holds, in the same order. Fields
    /// that are aliases, any number of children, or extra state hold nothing and are left out.
    ///
    /// # Panics
    /// If `contents` are not those of the table's fields.
    fn module(&mut self, table: &FieldTable, contents: &mut [Content<A>]) {
        self.begin(&table.info);
        let class = table.info.name();
        let mut contents = contents.iter_mut();
        for field in table.fields {
            if !field.kind.has_content() {
                self.take(Part::Field(field, Content::None));
                continue;
            }
            let Some(content) = contents.next() else {
                panic!("module `{class}` lists nothing for its field `{}`", field.name)
            };
            self.field(field, std::mem::replace(content, Content::None));
        }
        assert!(contents.next().is_none(), "module `{class}` lists more than it has fields");
    }

    /// Begins a module whose fields only a value knows; it lists each by itself.
    #[inline]
    fn begin(&mut self, info: &ModuleInfo) {
        self.take(Part::Module(info));
    }

    /// Lists one field of the module that was begun, and what it holds.
    ///
    /// # Panics
    /// If such a field cannot hold it.
    #[inline]
    fn field(&mut self, field: &Field<'_>, content: Content<A>) {
        if !content.is_of(&field.kind) {
            let Field { name, kind, .. } = field;
            panic!("`{name}` is a {kind:?} and holds {}", content.name());
        }
        self.take(Part::Field(field, content));
    }

    /// Lists what is reached through a handle that may not be the only one: `visit` is called with this
    /// visitor, unless it has met a handle of the same `id` before.
    fn shared<'s>(&mut self, id: StorageId, visit: &'s mut dyn FnMut(&mut dyn Visitor<A>))
    where
        A: 's,
    {
        self.take(Part::Shared(id, visit));
    }

    /// Lists what is behind a lock, and can be borrowed only until `visit` returns: it is called once,
    /// with a visitor that keeps no reference.
    fn locked<'s>(&mut self, visit: A::Locked<'s>)
    where
        A: 's,
    {
        self.take(Part::Locked(visit));
    }

    /// Lists what is made for the visit, like handles of a layer's tensors: the same as
    /// [`locked`](Self::locked), and nobody else can hold it.
    fn temporary<'s>(&mut self, visit: A::Locked<'s>)
    where
        A: 's,
    {
        self.take(Part::Temporary(visit));
    }

    /// Says that the module's content cannot be reached.
    fn unavailable(&mut self, reason: Unavailable) {
        self.take(Part::Unavailable(reason));
    }

    /// Hands a hook over, which runs if a state dict is about to be made, or a load has just ended. It
    /// comes before the module lends anything.
    fn hook<'s>(&mut self, hook: A::Hook<'s>)
    where
        A: 's,
    {
        self.take(Part::Hook(hook));
    }

    /// Lends the module's extra state, before it lends anything else.
    fn extra_state<'s>(&mut self, state: A::Extra<'s>)
    where
        A: 's,
    {
        self.take(Part::ExtraState(state));
    }
}

/// How a visit reaches what a model holds: [`ByRef`] or [`ByMut`].
pub trait Access: Sized + sealed::Sealed {
    /// A reference to a parameter or buffer.
    type Tensor;
    /// A reference to a module.
    type Module;
    /// A reference to a mode flag.
    type Flag;
    /// Visits what is behind a lock, with a visitor that keeps no reference.
    type Locked<'s>;
    /// A hook of a module: before a state dict is made, or after a load.
    type Hook<'s>;
    /// An extra state, for as long as it is visited.
    type Extra<'s>;

    /// Visits a module in this way.
    fn visit(module: Self::Module, visitor: &mut dyn Visitor<Self>);

    /// Lends a parameter or buffer for reading.
    fn tensor(tensor: &Self::Tensor) -> &dyn Tensor;
}

/// Access by shared references: for reading.
pub struct ByRef<'a>(PhantomData<&'a ()>);

/// Access by exclusive references: for writing.
pub struct ByMut<'a>(PhantomData<&'a ()>);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ByRef<'_> {}
    impl Sealed for super::ByMut<'_> {}
}

impl<'a> Access for ByRef<'a> {
    type Tensor = &'a dyn Tensor;
    type Module = &'a dyn StateDict;
    type Flag = &'a bool;
    type Locked<'s> = &'s mut dyn FnMut(&mut dyn for<'g> Visitor<ByRef<'g>>);
    type Hook<'s> = &'s mut dyn FnMut();
    type Extra<'s> = &'s dyn ExtraState;

    fn visit(module: Self::Module, visitor: &mut dyn Visitor<Self>) {
        module.visit_fields(visitor);
    }

    fn tensor(tensor: &Self::Tensor) -> &dyn Tensor {
        *tensor
    }
}

impl<'a> Access for ByMut<'a> {
    type Tensor = &'a mut dyn TensorMut;
    type Module = &'a mut dyn StateDict;
    type Flag = &'a mut bool;
    type Locked<'s> = &'s mut dyn FnMut(&mut dyn for<'g> Visitor<ByMut<'g>>);
    type Hook<'s> = &'s mut dyn FnMut(&Loaded);
    type Extra<'s> = &'s mut dyn ExtraState;

    fn visit(module: Self::Module, visitor: &mut dyn Visitor<Self>) {
        module.visit_fields_mut(visitor);
    }

    fn tensor(tensor: &Self::Tensor) -> &dyn Tensor {
        &**tensor
    }
}

/// A part of what a module lists.
#[non_exhaustive]
pub enum Part<'s, A: Access> {
    /// The module's class; its fields follow.
    Module(&'s ModuleInfo),
    /// A field, and what it holds.
    Field(&'s Field<'s>, Content<A>),
    /// A thing behind a handle that may not be the only one, like an `Rc`. The visitor calls
    /// the function with itself, unless it has met a handle of the same id before.
    Shared(StorageId, &'s mut dyn FnMut(&mut dyn Visitor<A>)),
    /// A thing behind a lock, which can be borrowed only until the function returns. The visitor calls it
    /// once.
    Locked(A::Locked<'s>),
    /// A thing that is made for the visit and ends with it. The visitor calls the function once.
    Temporary(A::Locked<'s>),
    /// Nothing: the module's content cannot be reached.
    Unavailable(Unavailable),
    /// A hook, which comes before the module lends anything.
    Hook(A::Hook<'s>),
    /// The module's extra state, which comes before the module lends anything. Its place among the
    /// keys is that of its [`Field`].
    ExtraState(A::Extra<'s>),
}

/// The content of a field.
#[non_exhaustive]
pub enum Content<A: Access> {
    /// A parameter or buffer.
    Tensor(A::Tensor),
    /// A module.
    Module(A::Module),
    /// The mode flag.
    Flag(A::Flag),
    /// Nothing: an absent parameter or buffer, an alias, or the place of the extra state.
    None,
}

impl<A: Access> Content<A> {
    fn name(&self) -> &'static str {
        match self {
            Content::Tensor(_) => "a tensor",
            Content::Module(_) => "a module",
            Content::Flag(_) => "a flag",
            Content::None => "nothing",
        }
    }

    /// Returns `true` if a field of this kind may hold it.
    #[inline]
    fn is_of(&self, kind: &FieldKind<'_>) -> bool {
        match self {
            Content::Tensor(_) => matches!(kind, FieldKind::Parameter | FieldKind::Buffer { .. }),
            Content::Module(_) => matches!(kind, FieldKind::Child(_) | FieldKind::Flattened(_)),
            Content::Flag(_) => matches!(kind, FieldKind::Training),
            Content::None => true,
        }
    }
}

impl<'a> Content<ByRef<'a>> {
    /// A tensor, or nothing where an `Option` has none.
    pub fn leaf(field: &'a impl LeafField) -> Self {
        LeafField::content_of(field)
    }

    /// A tensor.
    pub fn tensor(tensor: &'a dyn Tensor) -> Self {
        Content::Tensor(tensor)
    }

    /// A module.
    pub fn child(module: &'a dyn StateDict) -> Self {
        Content::Module(module)
    }
}

impl<'a> Content<ByMut<'a>> {
    /// A tensor, or nothing where an `Option` has none.
    pub fn leaf_mut(field: &'a mut impl LeafField) -> Self {
        LeafField::content_of_mut(field)
    }

    /// A tensor.
    pub fn tensor_mut(tensor: &'a mut dyn TensorMut) -> Self {
        Content::Tensor(tensor)
    }

    /// A module.
    pub fn child_mut(module: &'a mut dyn StateDict) -> Self {
        Content::Module(module)
    }
}

impl Description {
    /// The type `M`, to which another adds nothing.
    pub const fn same_as<M: StateDict>() -> Self {
        Description::same::<M>(M::describe)
    }

    /// The type `M`, which `describe` describes.
    pub(crate) const fn same<M: ?Sized>(describe: Describe) -> Self {
        Description::Same { rust_type: type_name::<M>, describe }
    }
}

/// A field that is a parameter or a buffer: a tensor, or an `Option` of one.
///
/// One trait for both directions: with two, a type that is no tensor would be reported twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor, so it cannot be a parameter or buffer",
    label = "expected a tensor type, or an `Option` of one",
    note = "if it is a module, remove `#[param]`, `#[buffer]` or `#[persistent]`",
    note = "a tensor library's types need that library's feature of `statedict`",
    note = "a tensor type of your own needs to implement `statedict::leaf::TensorMut`"
)]
pub trait LeafField {
    #[doc(hidden)]
    const OPTIONAL: bool;
    /// The entries of a table, to which [`fields`](crate::__private::fields) gives their names.
    #[doc(hidden)]
    const PARAMETER: Field<'static> = Field::leaf(FieldKind::Parameter, Self::OPTIONAL);
    #[doc(hidden)]
    const BUFFER: Field<'static> =
        Field::leaf(FieldKind::Buffer { persistent: true }, Self::OPTIONAL);
    #[doc(hidden)]
    const NOT_PERSISTENT: Field<'static> =
        Field::leaf(FieldKind::Buffer { persistent: false }, Self::OPTIONAL);
    #[doc(hidden)]
    fn content_of(field: &Self) -> Content<ByRef<'_>>;
    #[doc(hidden)]
    fn content_of_mut(field: &mut Self) -> Content<ByMut<'_>>;
}

#[diagnostic::do_not_recommend]
impl<T: TensorMut> LeafField for T {
    const OPTIONAL: bool = false;

    fn content_of(field: &Self) -> Content<ByRef<'_>> {
        Content::tensor(field)
    }

    fn content_of_mut(field: &mut Self) -> Content<ByMut<'_>> {
        Content::tensor_mut(field)
    }
}

/// As `register_parameter("bias", None)`: the name is known, and nothing is saved.
#[diagnostic::do_not_recommend]
impl<T: TensorMut> LeafField for Option<T> {
    const OPTIONAL: bool = true;

    fn content_of(field: &Self) -> Content<ByRef<'_>> {
        match field {
            Some(tensor) => Content::tensor(tensor),
            None => Content::None,
        }
    }

    fn content_of_mut(field: &mut Self) -> Content<ByMut<'_>> {
        match field {
            Some(tensor) => Content::tensor_mut(tensor),
            None => Content::None,
        }
    }
}
