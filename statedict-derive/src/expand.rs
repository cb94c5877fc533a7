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
use crate::spelling;

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let Model { ident, runtime, .. } = model;
    let proofs = model.fields.iter().filter_map(|field| proof(model, field));
    let (shared, exclusive) = (Access { mutable: false }, Access { mutable: true });
    let (body, body_mut) = (shared.body(model), exclusive.body(model));
    let description = table::description(model);
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    quote! {
        const _: () = {
            use #runtime::__private as __of;
            #[allow(unused_imports)]
            use __of::Opaque as _;

            #[automatically_derived]
            #[allow(deprecated)]
            impl #impl_generics __of::StateDict for #ident #ty_generics #where_clause {
                fn visit<'__a>(&'__a self, __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>) {
                    #body
                }
                fn visit_mut<'__a>(&'__a mut self, __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>) {
                    #body_mut
                }
                fn describe() -> __of::Description
                where
                    Self: ::core::marker::Sized,
                {
                    #(#proofs)*
                    #description
                }
            }
        };
    }
}

/// The proof that a field without a helper of its own has the type its name says.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.ty;
    match field.role {
        // No name of a fn pointer's type can be another type's.
        Role::Plain if matches!(spelling::bare_type(ty), syn::Type::FnPtr(_)) => None,
        Role::Plain => Some(quote!(__of::plain::<#ty>();)),
        // Where it stands for a path, no type is known.
        Role::Alias => Some(match field.target.as_ref().and_then(|target| target.field) {
            Some(target) => {
                let target = model.fields[target].ty;
                quote!(__of::alias_of::<#ty, #target>();)
            }
            None => quote!(__of::alias::<#ty>();),
        }),
        _ => None,
    }
}
