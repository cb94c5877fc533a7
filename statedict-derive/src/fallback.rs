//! What is emitted beside errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::model::Model;

/// The errors, and an implementation that does nothing: without it, each use of the type would
/// add an error of its own about the missing trait, which is none of the user's mistakes.
pub(crate) fn expand(model: &Model<'_>, errors: &Error) -> TokenStream {
    let Model { ident, runtime, .. } = model;
    let errors = errors.to_compile_error();
    let (impl_generics, ty_generics, where_clause) = model.generics.split_for_impl();
    quote! {
        #errors

        #[automatically_derived]
        impl #impl_generics #runtime::StateDict for #ident #ty_generics #where_clause {
            fn visit<'__a>(&'__a self, _: &mut dyn #runtime::Visitor<#runtime::ByRef<'__a>>) {}
            fn visit_mut<'__a>(&'__a mut self, _: &mut dyn #runtime::Visitor<#runtime::ByMut<'__a>>) {}
        }
    }
}
