//! The description → the implementation. Every rule has been checked before.
//!
//! A line per field calls a helper of the runtime crate, by turbofish with the field's type: where
//! that type lacks a trait, the compiler then underlines the type and nothing else. Paths are absolute
//! and locals begin with `__`, so that no name of the user's can change what the code means.

mod body;
mod describe;
mod info;

use proc_macro2::TokenStream;
use quote::quote;

use crate::bound;
use crate::expand::body::Access;
use crate::model::{Field, Model, Role};

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let Model { ident, runtime, .. } = model;
    let proofs = model.fields.iter().filter_map(|field| proof(model, field));
    let (shared, exclusive) = (Access { mutable: false }, Access { mutable: true });
    let (body, body_mut) = (shared.body(model), exclusive.body(model));
    let describe = describe::body(model);
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #runtime::StateDict for #ident #ty_generics #where_clause {
            fn visit<'__a>(&'__a self, __visitor: &mut dyn #runtime::__private::Visitor<'__a>) {
                #(#proofs)*
                #body
            }
            fn visit_mut<'__a>(&'__a mut self, __visitor: &mut dyn #runtime::__private::VisitorMut<'__a>) {
                #body_mut
            }
            fn describe(__visitor: &mut #runtime::__private::SchemaBuilder)
            where
                Self: ::core::marker::Sized,
            {
                #describe
            }
        }
    }
}

/// The proof that a field without a helper of its own has the type its name says.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (runtime, ty) = (&model.runtime, field.ty);
    match field.role {
        // No name of a fn pointer's type can be another type's.
        Role::Plain if matches!(bound::bare_type(ty), syn::Type::FnPtr(_)) => None,
        Role::Plain => Some(quote!(#runtime::__private::plain::<#ty>();)),
        Role::Alias => Some(match alias_target(model, field) {
            Some(target) => quote!(#runtime::__private::alias_of::<#ty, #target>();),
            None => quote!(#runtime::__private::alias::<#ty>();),
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
