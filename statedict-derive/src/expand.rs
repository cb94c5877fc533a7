//! The description → the implementation. Every rule has been checked before.
//!
//! A field is a line in a table, and one in each of two lists of what the fields hold. Each names the field's
//! type by turbofish: where that type lacks a trait, the compiler underlines the type and nothing else. Paths are absolute
//! and locals begin with `__`, so that no name of the user's can change what the code means.

mod info;
mod lists;
mod order;
mod table;

use proc_macro2::TokenStream;
use quote::quote;

use crate::bound;
use crate::expand::lists::Access;
use crate::model::{Field, Model, Role};

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let Model { ident, runtime, .. } = model;
    let proofs = model.fields.iter().filter_map(|field| proof(model, field));
    let (shared, exclusive) = (Access { mutable: false }, Access { mutable: true });
    let (body, body_mut) = (shared.body(model), exclusive.body(model));
    let description = table::description(model);
    let is_empty = model.variants.is_empty();
    let names = (!is_empty).then(|| quote!(use #runtime::__private as __of;));
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #runtime::StateDict for #ident #ty_generics #where_clause {
            fn visit<'__a>(&'__a self, __visitor: &mut dyn #runtime::Visitor<#runtime::ByRef<'__a>>) {
                #names
                #body
            }
            fn visit_mut<'__a>(&'__a mut self, __visitor: &mut dyn #runtime::Visitor<#runtime::ByMut<'__a>>) {
                #names
                #body_mut
            }
            fn describe() -> #runtime::Description
            where
                Self: ::core::marker::Sized,
            {
                #[allow(unused_imports)]
                use #runtime::__private::{self as __of, Opaque as _};
                #(#proofs)*
                #description
            }
        }
    }
}

/// The proof that a field without a helper of its own has the type its name says.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.ty;
    match field.role {
        // No name of a fn pointer's type can be another type's.
        Role::Plain if matches!(bound::bare_type(ty), syn::Type::FnPtr(_)) => None,
        Role::Plain => Some(quote!(__of::plain::<#ty>();)),
        Role::Alias => Some(match alias_target(model, field) {
            Some(target) => quote!(__of::alias_of::<#ty, #target>();),
            None => quote!(__of::alias::<#ty>();),
        }),
        _ => None,
    }
}

/// The type of what an alias stands for, where that is a field and not a path.
fn alias_target<'m>(model: &'m Model<'_>, field: &Field<'_>) -> Option<&'m syn::Type> {
    let alias = model.aliases.iter().find(|alias| {
        alias.field.and_then(|index| model.fields.get(index)).is_some_and(|at| at.key == field.key)
    })?;
    model
        .fields
        .iter()
        .find(|field| field.has_key() && field.key == alias.target_key)
        .map(|field| field.ty)
}
