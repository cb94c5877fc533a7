//! A struct as the derive understands it: each field's role and key, the aliases, the version.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Generics, Member, Path, Type, WherePredicate};

use crate::attr::{Name, Value, Words, unraw};
use crate::bound;
use crate::ctxt::Ctxt;
use crate::spec::{Place, Word};

pub(crate) struct Model<'i> {
    pub(crate) ident: &'i Ident,
    pub(crate) generics: &'i Generics,
    /// The path of the runtime crate.
    pub(crate) runtime: Path,
    pub(crate) words: Words,
    pub(crate) fields: Vec<Field<'i>>,
    pub(crate) aliases: Vec<Alias>,
}

pub(crate) struct Field<'i> {
    pub(crate) member: Member,
    pub(crate) ty: &'i Type,
    pub(crate) words: Words,
    pub(crate) role: Role,
    /// The field's segment of the key.
    pub(crate) key: String,
    /// What a complaint about the key underlines: the new name, else the field's own, else its type.
    pub(crate) key_at: TokenStream,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Parameter,
    Buffer {
        persistent: bool,
    },
    Child,
    /// `#[skip]`.
    Skipped,
    /// No part of the state by its type, as written.
    Plain,
}

/// `#[alias(name = target)]`.
pub(crate) struct Alias {
    pub(crate) name: Name,
    pub(crate) target: Name,
    /// The target as a path of keys: a field that is named by its identifier may have been renamed.
    pub(crate) target_key: String,
}

impl<'i> Model<'i> {
    /// What is no struct is reported, and has no fields.
    pub(crate) fn read(ctxt: &Ctxt, input: &'i DeriveInput) -> Self {
        let bare = !Words::is_namespaced(&input.attrs);
        let words = Words::read(ctxt, Place::Struct, &input.attrs, bare);
        let (fields, aliases) = match fields(ctxt, &input.data) {
            Some(fields) => {
                let fields = Field::read_all(ctxt, fields, bare);
                let aliases = aliases(&words, &fields);
                (fields, aliases)
            }
            None => (Vec::new(), Vec::new()),
        };
        let runtime = match words.get(Word::Crate).and_then(|found| found.value.as_ref()) {
            Some(Value::Path(path)) => path.clone(),
            _ => syn::parse_quote!(::statedict),
        };
        Model { ident: &input.ident, generics: &input.generics, runtime, words, fields, aliases }
    }

    /// The bounds that replace the inferred ones.
    pub(crate) fn bounds(&self) -> Option<&[WherePredicate]> {
        match self.words.get(Word::Bound)?.value.as_ref()? {
            Value::Predicates(predicates) => Some(predicates),
            _ => None,
        }
    }

    pub(crate) fn version(&self) -> Option<u32> {
        self.words.number(Word::Version).map(|(version, _)| version)
    }

    /// The fields of a role, in the order of the struct.
    pub(crate) fn with_role(
        &self,
        wanted: impl Fn(Role) -> bool,
    ) -> impl Iterator<Item = &Field<'i>> {
        self.fields.iter().filter(move |field| wanted(field.role))
    }
}

impl<'i> Field<'i> {
    fn read_all(ctxt: &Ctxt, fields: &'i Fields, bare: bool) -> Vec<Self> {
        let members = fields.members();
        fields
            .iter()
            .zip(members)
            .map(|(field, member)| Field::read(ctxt, field, member, bare))
            .collect()
    }

    fn read(ctxt: &Ctxt, field: &'i syn::Field, member: Member, bare: bool) -> Self {
        let words = Words::read(ctxt, Place::Field, &field.attrs, bare);
        let role = Role::of(&words, &field.ty);
        let (own, own_at) = match &member {
            Member::Named(ident) => (unraw(ident), ident.to_token_stream()),
            Member::Unnamed(index) => (index.index.to_string(), field.ty.to_token_stream()),
        };
        let (key, key_at) = match words.text(Word::Rename) {
            Some(text) => (text.value(), text.to_token_stream()),
            None => (own, own_at),
        };
        Field { member, ty: &field.ty, words, role, key, key_at }
    }

    /// The field as messages name it.
    pub(crate) fn name(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }

    /// The field's name without `r#`.
    pub(crate) fn name_text(&self) -> String {
        match &self.member {
            Member::Named(ident) => unraw(ident),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }

    pub(crate) fn is_state(&self) -> bool {
        !matches!(self.role, Role::Skipped | Role::Plain)
    }

    pub(crate) fn since(&self) -> Option<u32> {
        self.words.number(Word::Since).map(|(since, _)| since)
    }
}

impl Role {
    fn of(words: &Words, ty: &Type) -> Role {
        let persistent = words.get(Word::Persistent);
        if words.has(Word::Skip) {
            Role::Skipped
        } else if words.has(Word::Param) {
            Role::Parameter
        } else if let Some(found) = persistent {
            // A refused value is reported; what the field then counts as does not matter.
            Role::Buffer { persistent: !matches!(found.value, Some(Value::Bool(false))) }
        } else if words.has(Word::Buffer) {
            Role::Buffer { persistent: true }
        } else if is_plain(ty) {
            Role::Plain
        } else {
            Role::Child
        }
    }

    /// "a parameter".
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Role::Parameter => "a parameter",
            Role::Buffer { .. } => "a buffer",
            Role::Child => "a child module",
            Role::Skipped | Role::Plain => "no part of the state",
        }
    }
}

/// The types that need no `#[skip]`: what a configuration is made of. A closed list of spellings;
/// the expansion asserts that the name means the standard library's type.
fn is_plain(ty: &Type) -> bool {
    const NAMES: &[&str] = &[
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "String",
        "PhantomData",
    ];
    match bound::bare_type(ty) {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::FnPtr(_) => true,
        Type::Reference(reference) => {
            reference.mutability.is_none()
                && reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
                && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
        }
        Type::Path(path) if path.qself.is_none() => path
            .path
            .segments
            .last()
            .is_some_and(|last| NAMES.iter().any(|name| last.ident == name)),
        _ => false,
    }
}

fn fields<'i>(ctxt: &Ctxt, data: &'i Data) -> Option<&'i Fields> {
    let message = "`#[derive(StateDict)]` works on structs only";
    match data {
        Data::Struct(data) => return Some(&data.fields),
        Data::Enum(data) => {
            let help = "implement `StateDict` by hand, and visit the fields of the active variant";
            ctxt.error_help(data.enum_token, message, help);
        }
        Data::Union(data) => {
            let help = "make it a struct: which field of a union is active is not known";
            ctxt.error_help(data.union_token, message, help);
        }
    }
    None
}

fn aliases(words: &Words, fields: &[Field<'_>]) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for found in words.iter() {
        let Some(Value::Aliases(pairs)) = &found.value else { continue };
        for (name, target) in pairs {
            let target_key = match target {
                Name::Path(path) => path.value(),
                Name::Ident(ident) => fields
                    .iter()
                    .find(|field| field.name_text() == unraw(ident))
                    .map_or_else(|| unraw(ident), |field| field.key.clone()),
            };
            aliases.push(Alias { name: name.clone(), target: target.clone(), target_key });
        }
    }
    aliases
}
