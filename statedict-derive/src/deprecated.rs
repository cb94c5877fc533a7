//! Deprecated items: the expansion names them, and the lint may be allowed, denied or forbidden.

use proc_macro2::{Ident, Span, TokenTree};
use syn::{Attribute, Data, DeriveInput, Meta};

/// Returns `true` if the user allows or expects the lint on a part of the item. Only then may the expansion: under
/// `forbid` an `allow` is an error.
pub(crate) fn allowed(input: &DeriveInput) -> bool {
    let of_fields = |fields: &syn::Fields| fields.iter().any(|field| allows(&field.attrs));
    allows(&input.attrs)
        || match &input.data {
            Data::Struct(data) => of_fields(&data.fields),
            Data::Enum(data) => data
                .variants
                .iter()
                .any(|variant| allows(&variant.attrs) || of_fields(&variant.fields)),
            Data::Union(_) => false,
        }
}

fn allows(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(word) if word == "deprecated")),
        _ => false,
    })
}

/// The name of an item or field for the expansion. That of a deprecated one counts as the derive's own word, which the
/// lint passes over.
pub(crate) fn name(ident: &Ident, attrs: &[Attribute]) -> Ident {
    let mut ident = ident.clone();
    if attrs.iter().any(|attr| attr.path().is_ident("deprecated")) {
        ident.set_span(ident.span().resolved_at(Span::call_site()));
    }
    ident
}
