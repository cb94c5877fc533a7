//! What is emitted beside errors.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Generics, Ident, Path};

use crate::model::Model;

/// The errors, and an implementation that does nothing: without it, each use of the type would
/// add an error of its own about the missing trait, which is none of the user's mistakes.
pub(crate) fn expand(model: &Model<'_>, errors: &Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let implementation =
        implementation(&model.ident, model.generics, &model.runtime, &TokenStream::new());
    quote!(#errors #implementation)
}

/// An implementation whose methods list nothing; both run `body`.
pub(crate) fn implementation(
    ident: &Ident,
    generics: &Generics,
    runtime: &Path,
    body: &TokenStream,
) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let of = quote!(#runtime::__private);
    quote! {
        #[automatically_derived]
        impl #impl_generics #of::StateDict for #ident #ty_generics #where_clause {
            fn visit_fields<'__a>(&'__a self, _: &mut dyn #of::Visitor<#of::ByRef<'__a>>) { #body }
            fn visit_fields_mut<'__a>(&'__a mut self, _: &mut dyn #of::Visitor<#of::ByMut<'__a>>) { #body }
        }
    }
}
