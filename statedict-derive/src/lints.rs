//! What lints find in the expansion: it names types as the user wrote them, and items that may be deprecated.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta};

use crate::attr;

/// What the user allows or expects in the item, for the implementation: the types of fields stand there again, and the
/// item may be deprecated. The expansion allows nothing by itself, which under `forbid` would be an error.
pub(crate) fn allowed(input: &DeriveInput) -> TokenStream {
    let of_fields =
        |fields: &syn::Fields| fields.iter().any(|field| allows_deprecated(&field.attrs));
    let in_parts = match &input.data {
        Data::Struct(data) => of_fields(&data.fields),
        Data::Enum(data) => data
            .variants
            .iter()
            .any(|variant| allows_deprecated(&variant.attrs) || of_fields(&variant.fields)),
        Data::Union(_) => false,
    };
    let of_item = input.attrs.iter().filter_map(allow);
    let deprecated = in_parts.then(|| quote!(#[allow(deprecated)]));
    quote!(#(#of_item)* #deprecated)
}

/// The lints of `#[allow(…)]` and `#[expect(…)]`. What is expected in the item need not be in the implementation.
fn allow(attr: &Attribute) -> Option<TokenStream> {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(#[allow(#lints)]))
        }
        _ => None,
    }
}

fn allows_deprecated(attrs: &[Attribute]) -> bool {
    let names = ["allow", "expect"];
    attrs.iter().any(|attr| names.iter().any(|name| attr::lists(attr, name, "deprecated")))
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
