//! The description of the type: a table of its fields, or of each variant's.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::describe::{child, describe, same_as};
use crate::expand::info;
use crate::expand::leaf::leaf_trait;
use crate::expand::order::{Entry, entries};
use crate::model::{Field, Model, Role, Target};

pub(super) fn description(model: &Model<'_>) -> TokenStream {
    if !model.is_enum() {
        let description = variant(model, 0);
        return quote!(const { #description });
    }
    let variants = (0..model.variants.len()).map(|number| variant(model, number));
    quote! {
        __of::Description::OneOf {
            rust_type: ::core::any::type_name::<Self>,
            variants: const { &[#(#variants),*] },
        }
    }
}

/// What a struct is, or a variant.
fn variant(model: &Model<'_>, number: usize) -> TokenStream {
    let segment = model.variants.get(number).and_then(|variant| variant.attrs.rename.as_ref());
    let (class, names, fields) = match (model.content_of(number), segment) {
        (Some(content), None) => return same_as(content.ty),
        (Some(content), Some(segment)) => {
            let class = info::class(model, std::iter::empty());
            (class, vec![segment.value()], vec![child(content.ty)])
        }
        (None, _) => {
            let entries = entries(model, number);
            let entries = entries.iter().filter_map(|entry| match entry {
                Entry::Field(found) => field(found),
                Entry::ExtraState => Some((String::new(), quote!(__of::Field::extra_state()))),
                Entry::Alias(found) => Some((found.name.text(), alias(&found.target_key))),
            });
            let (names, fields) = entries.unzip();
            (info::class(model, model.fields_of(number)), names, fields)
        }
    };
    quote! {
        __of::Description::Module(&__of::FieldTable {
            info: #class,
            fields: &__of::fields([#(#names),*], [#(#fields),*]),
        })
    }
}

/// The name of a field, and its entry without the name.
fn field(field: &Field<'_>) -> Option<(String, TokenStream)> {
    let (ty, leaf) = (field.ty, leaf_trait(field.ty));
    let entry = match &field.role {
        Role::Parameter => quote!(<#ty as #leaf>::PARAMETER),
        Role::Buffer { persistent: true } => quote!(<#ty as #leaf>::BUFFER),
        Role::Buffer { persistent: false } => quote!(<#ty as #leaf>::NOT_PERSISTENT),
        Role::Child { flat: true } => {
            let describe = describe(ty);
            return Some((String::new(), quote!(__of::Field::flattened(#describe))));
        }
        Role::Child { flat: false } if field.misspelt => {
            quote!(__of::child(__of::Misspelt::<#ty>::DESCRIBE))
        }
        Role::Child { flat: false } => child(ty),
        Role::Training => return Some((String::new(), quote!(__of::Field::training()))),
        Role::Alias(target) => {
            return Some((field.key.clone(), alias(&target.as_ref()?.key)));
        }
        Role::Skipped | Role::Plain => return None,
    };
    let tie = field.tie.as_ref().map(|tie| match tie {
        Some(Target { key, .. }) => quote!(.tied_to(#key)),
        None => quote!(.tied()),
    });
    Some((field.key.clone(), quote!(#entry #tie)))
}

fn alias(target: &str) -> TokenStream {
    quote!(__of::alias_to(#target))
}
