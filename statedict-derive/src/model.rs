//! A struct or enum as the derive understands it: each field's role and key, the aliases, the version.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, LitStr, Member, Path, Type};

use crate::attr::{self, FieldAttrs, Name, Renamed, StructAttrs, VariantAttrs, unraw};
use crate::case::Case;
use crate::ctxt::Ctxt;
use crate::lints;
use crate::runtime;
use crate::spec::Word;
use crate::spelling::{is_alias, is_plain};

pub(crate) struct Model<'i> {
    pub(crate) ident: Ident,
    pub(crate) generics: &'i Generics,
    /// The path of the runtime crate.
    pub(crate) runtime: Path,
    pub(crate) attrs: StructAttrs,
    /// What the user allows in the item, as attributes.
    pub(crate) allows: TokenStream,
    /// `#[repr(packed)]`.
    pub(crate) packed: Option<&'i Attribute>,
    /// The variants of an enum; of a struct one, without a name.
    pub(crate) variants: Vec<Variant>,
    /// The fields of all variants.
    pub(crate) fields: Vec<Field<'i>>,
    /// The fields that stand for others, then those of the struct's attributes.
    pub(crate) aliases: Vec<Alias>,
    /// The fields that must share their storage: each is the name of its alias.
    pub(crate) ties: Vec<Alias>,
}

pub(crate) struct Variant {
    /// `None` for a struct.
    pub(crate) ident: Option<Ident>,
    pub(crate) attrs: VariantAttrs,
}

pub(crate) struct Field<'i> {
    /// The number of its variant.
    pub(crate) variant: usize,
    pub(crate) member: Member,
    pub(crate) ty: &'i Type,
    pub(crate) attrs: FieldAttrs,
    pub(crate) role: Role,
    /// The field's segment of the key.
    pub(crate) key: String,
    /// What a complaint about the key underlines: the new name, else the field's own, else its type.
    pub(crate) key_at: TokenStream,
    /// The target that the field must share its storage with: `Some(None)` stands for any field before it.
    pub(crate) tie: Option<Option<Target>>,
    /// `true` if it has no attribute of the derive's, and one that is like them.
    pub(crate) misspelt: bool,
}

/// What a field is another name of, or must share its storage with.
#[derive(PartialEq, Eq)]
pub(crate) struct Target {
    /// The path of keys.
    pub(crate) key: String,
    /// The number of the field that has this key.
    pub(crate) field: Option<usize>,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Role {
    Parameter,
    Buffer {
        persistent: bool,
    },
    Child {
        /// `true` if it adds no segment to the keys.
        flat: bool,
    },
    /// `#[alias(fc)] f3: Alias<Linear>`, and what it stands for.
    Alias(Option<Target>),
    /// `#[training]`.
    Training,
    /// `#[skip]`.
    Skipped,
    /// No part of the state by its type, as written.
    Plain,
}

/// `#[alias(name = target)]`.
pub(crate) struct Alias {
    /// The number of the field that it is on.
    pub(crate) field: Option<usize>,
    pub(crate) name: Name,
    pub(crate) target: Name,
    /// The target as a path of keys: a field that is named by its identifier may have been renamed.
    pub(crate) target_key: String,
}

impl<'i> Model<'i> {
    /// What is no struct and no enum is reported, and has no fields.
    pub(crate) fn read(ctxt: &Ctxt, input: &'i DeriveInput) -> Self {
        let bare = !attr::is_namespaced(&input.attrs);
        let attrs: StructAttrs = attr::read(ctxt, &input.attrs, bare);
        let case = attrs.rename_all;
        let (mut variants, mut fields) = (Vec::new(), Vec::new());
        for (ident, variant_attrs, of_variant) in variants_of(ctxt, &input.data) {
            let number = variants.len();
            let read = |(field, member)| Field::read(ctxt, number, field, member, case, bare);
            fields.extend(of_variant.iter().zip(of_variant.members()).map(read));
            let ident = ident.map(|ident| lints::name(ident, variant_attrs));
            variants.push(Variant { ident, attrs: attr::read(ctxt, variant_attrs, bare) });
        }
        let (mut aliases, ties) = field_aliases(&fields);
        for alias in aliases.iter().chain(&ties) {
            let key = alias.target_key.clone();
            let at = fields.iter().position(|field| field.has_key() && field.key == key);
            if let Some(field) = alias.field.and_then(|index| fields.get_mut(index)) {
                let target = Some(Target { key, field: at });
                match &mut field.role {
                    Role::Alias(stands_for) => *stands_for = target,
                    _ => field.tie = Some(target),
                }
            }
        }
        aliases.extend(struct_aliases(&attrs, &fields));
        let runtime = attrs.runtime.clone().unwrap_or_else(runtime::path);
        Model {
            ident: lints::name(&input.ident, &input.attrs),
            generics: &input.generics,
            runtime,
            attrs,
            allows: lints::allowed(input),
            packed: input.attrs.iter().find(|attr| attr::lists(attr, "repr", "packed")),
            variants,
            fields,
            aliases,
            ties,
        }
    }

    pub(crate) fn is_enum(&self) -> bool {
        !matches!(self.variants[..], [Variant { ident: None, .. }])
    }

    /// The fields of a variant.
    pub(crate) fn fields_of(&self, variant: usize) -> impl Iterator<Item = &Field<'i>> {
        self.fields.iter().filter(move |field| field.variant == variant)
    }

    /// The module that is all there is in a variant `Name(Module)`, or in a transparent struct: it has no
    /// key of its own.
    pub(crate) fn content_of(&self, variant: usize) -> Option<&Field<'i>> {
        let mut fields = self.fields_of(variant);
        if self.is_enum() {
            let only = fields.next()?;
            let unnamed = matches!(only.member, Member::Unnamed(_)) && fields.next().is_none();
            let renamed = only.attrs.words.has(Word::Rename);
            let is_child = only.role == Role::Child { flat: false };
            (unnamed && is_child && !renamed).then_some(only)
        } else if self.attrs.words.has(Word::Transparent) {
            fields.find(|field| matches!(field.role, Role::Child { .. }))
        } else {
            None
        }
    }

    pub(crate) fn version(&self) -> Option<u32> {
        self.attrs.version.as_ref().map(|version| version.number)
    }
}

impl<'i> Field<'i> {
    fn read(
        ctxt: &Ctxt,
        variant: usize,
        field: &'i syn::Field,
        member: Member,
        case: Option<Case>,
        bare: bool,
    ) -> Self {
        let attrs: FieldAttrs = attr::read(ctxt, &field.attrs, bare);
        let member = match member {
            Member::Named(ident) => Member::Named(lints::name(&ident, &field.attrs)),
            Member::Unnamed(_) => member,
        };
        let role = Role::of(&attrs, &field.ty);
        let shares = attrs.words.has(Word::SameAs) && !matches!(role, Role::Alias(_));
        let (own, own_at) = match &member {
            Member::Named(ident) => {
                let name = unraw(ident);
                (case.map_or(name.clone(), |case| case.apply(&name)), ident.to_token_stream())
            }
            Member::Unnamed(index) => (index.index.to_string(), field.ty.to_token_stream()),
        };
        let (key, key_at) = match &attrs.rename {
            Some(text) => (text.value(), text.to_token_stream()),
            None => (own, own_at),
        };
        let tie = shares.then_some(None);
        let misspelt = attrs.words.is_empty() && attr::may_be_misspelt(&field.attrs);
        Field { variant, member, ty: &field.ty, attrs, role, key, key_at, tie, misspelt }
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
        !matches!(self.role, Role::Skipped | Role::Plain | Role::Training)
    }

    /// Whether it adds no segment to the keys.
    pub(crate) fn is_flat(&self) -> bool {
        self.role == Role::Child { flat: true }
    }

    /// Whether its key is in the state dict.
    pub(crate) fn has_key(&self) -> bool {
        self.is_state() && !self.is_flat()
    }

    /// The old names of the field, each with the first version that has the next.
    pub(crate) fn old_names(&self) -> Vec<&Renamed> {
        let mut names: Vec<_> = self.attrs.renamed.iter().collect();
        names.sort_by_key(|renamed| renamed.since.number);
        names
    }

    pub(crate) fn since(&self) -> Option<u32> {
        self.attrs.since.as_ref().map(|since| since.number)
    }
}

impl Role {
    fn of(attrs: &FieldAttrs, ty: &Type) -> Role {
        let words = &attrs.words;
        if words.has(Word::Skip) {
            Role::Skipped
        } else if words.has(Word::Training) {
            Role::Training
        } else if words.has(Word::SameAs) && is_alias(ty) {
            Role::Alias(None)
        } else if words.has(Word::Param) {
            Role::Parameter
        } else if words.has(Word::Persistent) {
            // A refused value is reported; what the field then counts as does not matter.
            Role::Buffer { persistent: attrs.persistent.unwrap_or(true) }
        } else if words.has(Word::Buffer) {
            Role::Buffer { persistent: true }
        } else if is_plain(ty) {
            Role::Plain
        } else {
            Role::Child { flat: words.has(Word::Flatten) }
        }
    }

    /// "a parameter".
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Role::Parameter => "a parameter",
            Role::Buffer { .. } => "a buffer",
            Role::Child { .. } => "a child module",
            Role::Alias(_) => "an alias",
            Role::Skipped | Role::Plain | Role::Training => "no part of the state",
        }
    }
}

type VariantOf<'i> = (Option<&'i Ident>, &'i [Attribute], &'i Fields);

fn variants_of<'i>(ctxt: &Ctxt, data: &'i Data) -> Vec<VariantOf<'i>> {
    match data {
        Data::Struct(data) => vec![(None, &[], &data.fields)],
        Data::Enum(data) => data
            .variants
            .iter()
            .map(|variant| (Some(&variant.ident), &variant.attrs[..], &variant.fields))
            .collect(),
        Data::Union(data) => {
            let message = "`#[derive(StateDict)]` works on structs and enums only";
            let help = "make it a struct or an enum: which field of a union is active is not known";
            ctxt.error_help(data.union_token, message, help);
            Vec::new()
        }
    }
}

/// What `target` names as a path of keys.
fn target_key(target: &Name, fields: &[Field<'_>]) -> String {
    match target {
        Name::Path(path) => path.value(),
        Name::Ident(ident) => fields
            .iter()
            .find(|field| field.name_text() == unraw(ident))
            .map_or_else(|| unraw(ident), |field| field.key.clone()),
    }
}

/// The fields marked `#[alias(target)]`: those that are nothing else, and those that must share.
fn field_aliases(fields: &[Field<'_>]) -> (Vec<Alias>, Vec<Alias>) {
    let (mut aliases, mut ties) = (Vec::new(), Vec::new());
    for (index, field) in fields.iter().enumerate() {
        let (Some(word), Some(target)) = (
            field.attrs.words.get(Word::SameAs),
            field.attrs.alias.as_ref().and_then(Option::as_ref),
        ) else {
            continue;
        };
        let name = Name::Path(LitStr::new(&field.key, word.span()));
        let alias = Alias {
            field: Some(index),
            name,
            target: target.clone(),
            target_key: target_key(target, fields),
        };
        if matches!(field.role, Role::Alias(_)) { aliases.push(alias) } else { ties.push(alias) }
    }
    (aliases, ties)
}

fn struct_aliases(attrs: &StructAttrs, fields: &[Field<'_>]) -> Vec<Alias> {
    let alias = |(name, target): &(Name, Name)| Alias {
        field: None,
        name: name.clone(),
        target: target.clone(),
        target_key: target_key(target, fields),
    };
    attrs.aliases.iter().map(alias).collect()
}
