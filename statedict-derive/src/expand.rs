//! The description → the implementation. Every rule has been checked before.
//!
//! A line per field calls a helper of the runtime crate, by turbofish with the field's type: where
//! that type lacks a trait, the compiler then underlines the type and nothing else. Paths are absolute
//! and locals begin with `__`, so that no name of the user's can change what the code means.

use proc_macro2::TokenStream;
use quote::quote;

use crate::attr::unraw;
use crate::bound;
use crate::model::{Field, Model, Role};

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let Model { ident, runtime, .. } = model;
    let info = info(model);
    let plain = model.with_role(|role| role == Role::Plain).filter_map(|field| plain(model, field));
    let (shared, exclusive) = (Access { mutable: false }, Access { mutable: true });
    let (calls, calls_mut) = (shared.calls(model), exclusive.calls(model));
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #runtime::StateDict for #ident #ty_generics #where_clause {
            fn visit<'__a>(&'__a self, __visitor: &mut dyn #runtime::__private::Visitor<'__a>) {
                #(#plain)*
                __visitor.module(#info);
                #calls
            }
            fn visit_mut<'__a>(&'__a mut self, __visitor: &mut dyn #runtime::__private::VisitorMut<'__a>) {
                __visitor.module(#info);
                #calls_mut
            }
        }
    }
}

fn info(model: &Model<'_>) -> TokenStream {
    let runtime = &model.runtime;
    let name = unraw(model.ident);
    let version = model.version().map(u64::from).map(|version| quote!(.with_version(#version)));
    let added: Vec<TokenStream> =
        model.fields.iter().filter_map(|field| added(model, field)).collect();
    let changes = (!added.is_empty()).then(|| quote!(.with_changes(const { &[#(#added),*] })));
    quote! {
        #runtime::__private::ModuleInfo::new(#name)
            .with_rust_type(::core::any::type_name::<Self>())
            #version
            #changes
    }
}

/// The entry of a field that has not always existed.
fn added(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let runtime = &model.runtime;
    let since = field.since().map(u64::from)?;
    let key = &field.key;
    Some(quote!(#runtime::__private::Change::Added { since: #since, name: #key }))
}

/// The proof that a field without state has the type its name says.
fn plain(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let (runtime, ty) = (&model.runtime, field.ty);
    // No name of a fn pointer's type can be another type's.
    let named = !matches!(bound::bare_type(ty), syn::Type::FnPtr(_));
    named.then(|| quote!(#runtime::__private::plain::<#ty>();))
}

/// Which of the two methods is written.
struct Access {
    mutable: bool,
}

impl Access {
    /// The calls in PyTorch's order: parameters, buffers, children, aliases.
    fn calls(&self, model: &Model<'_>) -> TokenStream {
        let parameters = model.with_role(|role| role == Role::Parameter);
        let buffers = model.with_role(|role| matches!(role, Role::Buffer { .. }));
        let children = model.with_role(|role| role == Role::Child);
        let fields = parameters.chain(buffers).chain(children).map(|field| self.call(model, field));
        let aliases = model.aliases.iter().map(|alias| {
            let (name, target) = (alias.name.text(), &alias.target_key);
            quote!(__visitor.alias(#name, #target);)
        });
        quote!(#(#fields)* #(#aliases)*)
    }

    fn call(&self, model: &Model<'_>, field: &Field<'_>) -> TokenStream {
        let runtime = &model.runtime;
        let Field { member, ty, key, .. } = field;
        let place = if self.mutable { quote!(&mut self.#member) } else { quote!(&self.#member) };
        let (kind, method, method_mut, persistent) = match field.role {
            Role::Parameter => (quote!(leaf), quote!(parameter), quote!(parameter_mut), None),
            Role::Buffer { persistent } => {
                (quote!(leaf), quote!(buffer), quote!(buffer_mut), Some(quote!(, #persistent)))
            }
            Role::Child => (quote!(child), quote!(child), quote!(child_mut), None),
            Role::Skipped | Role::Plain => return TokenStream::new(),
        };
        let method = if self.mutable { method_mut } else { method };
        quote!(#runtime::__private::#kind::<#ty>().#method(__visitor, #key, #place #persistent);)
    }
}
