//! What every value of a module type has: its class and its fields.

use std::fmt;

use crate::key;
use crate::visit::ModuleInfo;

/// Describes a type without a value of it: a [`StateDict::describe`](crate::StateDict::describe).
pub type Describe = fn() -> Description;

/// The description of a type, without a value of it.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum Description {
    /// A module with these fields.
    Module(&'static FieldTable),
    /// One of several modules, like an `enum`.
    OneOf {
        /// Returns the name of the type.
        rust_type: fn() -> &'static str,
        /// The descriptions of its variants, in their order.
        variants: &'static [Description],
    },
    /// Another type, to which this one adds nothing.
    Same {
        /// Returns the name of the other type.
        rust_type: fn() -> &'static str,
        /// Describes the other type.
        describe: Describe,
    },
    /// An `Option` of what is described.
    Optional(Describe),
    /// Nothing.
    Nothing,
    /// Something that only a value knows.
    Unknown,
}

impl Description {
    /// Returns the fields of a struct.
    ///
    /// # Panics
    /// If this is not the description of a module.
    pub fn table(self) -> &'static FieldTable {
        match self {
            Description::Module(table) => table,
            _ => panic!("a module is asked for its fields, and describes itself otherwise"),
        }
    }

    /// Returns the fields of the variant of that number.
    ///
    /// # Panics
    /// If this is not the description of an `enum`, or the variant is not a module of its own.
    pub fn variant(self, number: usize) -> &'static FieldTable {
        match self {
            Description::OneOf { variants, .. } => variants[number].table(),
            _ => panic!("an enum is asked for a variant, and describes itself otherwise"),
        }
    }
}

/// The class of a module and its fields, in PyTorch's order: parameters, buffers, extra state, children.
///
/// A table is a constant. A module hands it to its visitor together with what its fields hold: see
/// [`StateDict`](crate::StateDict).
#[derive(Debug)]
pub struct FieldTable {
    // Generated code writes them; others use `new`, which does not change when fields are added.
    #[doc(hidden)]
    pub info: ModuleInfo,
    #[doc(hidden)]
    pub fields: &'static [Field<'static>],
}

impl FieldTable {
    /// The table of a module's class and its fields.
    pub const fn new(info: ModuleInfo, fields: &'static [Field<'static>]) -> Self {
        FieldTable { info, fields }
    }

    /// Returns the module's class.
    pub const fn info(&self) -> &ModuleInfo {
        &self.info
    }

    /// Returns the module's fields.
    pub const fn fields(&self) -> &'static [Field<'static>] {
        self.fields
    }
}

/// A field of a module: its name, and what it is to the module.
#[derive(Debug, Clone, Copy)]
pub struct Field<'n> {
    pub(crate) name: &'n str,
    pub(crate) kind: FieldKind<'n>,
    /// `true` if it may hold nothing; a schema says so.
    pub(crate) optional: bool,
    /// The leaf that it must share its storage with.
    pub(crate) tied: Option<Tied<'n>>,
}

/// The leaf that a field must share its storage with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tied<'n> {
    /// Any leaf before it.
    Earlier,
    /// The leaf or child at this path.
    To(&'n str),
}

/// The role of a field in its module.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum FieldKind<'n> {
    /// A parameter.
    Parameter,
    /// A buffer.
    Buffer {
        /// `true` if it is part of the state dict.
        persistent: bool,
    },
    /// A child module.
    Child(Describe),
    /// Child modules of one type, named by a value; where their number is known, by their numbers.
    Children(Option<usize>, Describe),
    /// A module whose keys are this module's own: it adds no segment.
    Flattened(Describe),
    /// Another name of what is at this path: of a child, a parameter or a buffer.
    Alias(&'n str),
    /// The extra state: a value of any kind.
    ExtraState,
    /// The flag that says whether the module is being trained.
    Training,
}

impl FieldKind<'_> {
    /// Returns `true` if a module lists a content for such a field.
    #[inline]
    pub(super) fn has_content(&self) -> bool {
        !matches!(self, FieldKind::Alias(_) | FieldKind::ExtraState | FieldKind::Children(..))
    }
}

impl fmt::Debug for FieldKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldKind::Parameter => "parameter",
            FieldKind::Buffer { persistent: true } => "buffer",
            FieldKind::Buffer { persistent: false } => "non-persistent buffer",
            FieldKind::Child(_) => "child",
            FieldKind::Children(..) => "children",
            FieldKind::Flattened(_) => "flattened module",
            FieldKind::Alias(_) => "alias",
            FieldKind::ExtraState => "extra state",
            FieldKind::Training => "training flag",
        })
    }
}

impl<'n> Field<'n> {
    const fn new(name: &'n str, kind: FieldKind<'n>) -> Self {
        Field { name, kind, optional: false, tied: None }
    }

    /// A parameter or buffer, whose name comes later.
    pub(super) const fn leaf(kind: FieldKind<'n>, optional: bool) -> Self {
        Field { optional, ..Field::new("", kind) }
    }

    /// The same under another name.
    pub(crate) const fn named(self, name: &'n str) -> Self {
        Field { name, ..self }
    }

    /// A parameter.
    pub const fn parameter(name: &'n str) -> Self {
        Field::new(name, FieldKind::Parameter)
    }

    /// A buffer, which is part of the state dict.
    pub const fn buffer(name: &'n str) -> Self {
        Field::new(name, FieldKind::Buffer { persistent: true })
    }

    /// A buffer, which is part of the state dict only if it is `persistent`.
    pub const fn buffer_if(name: &'n str, persistent: bool) -> Self {
        Field::new(name, FieldKind::Buffer { persistent })
    }

    /// A child module of a type that describes itself so.
    pub const fn child(name: &'n str, describe: Describe) -> Self {
        Field::new(name, FieldKind::Child(describe))
    }

    /// Any number of child modules of one type, with names that only a value knows. The module lists
    /// each with [`Visitor::child`](trait.Visitor.html).
    pub const fn children(describe: Describe) -> Self {
        Field::new("*", FieldKind::Children(None, describe))
    }

    /// The child modules `0`, `1`, … of one type.
    pub const fn numbered(count: usize, describe: Describe) -> Self {
        Field::new("*", FieldKind::Children(Some(count), describe))
    }

    /// A module whose keys are this module's own.
    pub const fn flattened(describe: Describe) -> Self {
        Field::new("", FieldKind::Flattened(describe))
    }

    /// Another name of `target`, like `self.name = self.target` in Python: the keys under `name` are
    /// those under `target`, and their storage is the same. Both are dotted paths from this module.
    pub const fn alias(name: &'n str, target: &'n str) -> Self {
        Field::new(name, FieldKind::Alias(target))
    }

    /// The module's extra state. The module lends it with `visitor.extra_state(self)` before it lists
    /// its fields.
    pub const fn extra_state() -> Self {
        Field::new(key::EXTRA_STATE, FieldKind::ExtraState)
    }

    /// The module's mode flag, which `train()` and `eval()` set.
    pub const fn training() -> Self {
        Field::new("training", FieldKind::Training)
    }

    /// The same where the field may hold nothing, like an `Option`.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same where the field must share its storage with the leaf or child `target`.
    #[must_use]
    pub const fn tied_to(mut self, target: &'n str) -> Self {
        self.tied = Some(Tied::To(target));
        self
    }

    /// The same where the field must share its storage with any leaf before it.
    #[must_use]
    pub const fn tied(mut self) -> Self {
        self.tied = Some(Tied::Earlier);
        self
    }

    /// The name: a segment of the key.
    pub fn name(&self) -> &'n str {
        self.name
    }

    /// Returns the role of the field in its module.
    pub fn kind(&self) -> FieldKind<'n> {
        self.kind
    }

    /// Returns the leaf that the field must share its storage with: `Some(None)` stands for any leaf before it.
    pub fn shares_with(&self) -> Option<Option<&'n str>> {
        self.tied.map(|tied| match tied {
            Tied::Earlier => None,
            Tied::To(target) => Some(target),
        })
    }
}
