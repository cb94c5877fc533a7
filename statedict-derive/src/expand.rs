//! The description → the implementation. Every rule has been checked before.
//!
//! A field is a line in a table, and one in each of two lists of what the fields hold. Each names the field's
//! type by turbofish: where that type lacks a trait, the compiler underlines the type and nothing else. Paths are absolute
//! and locals begin with `__`, so that no name of the user's can change what the code means.

mod describe;
mod info;
mod leaf;
mod lists;
mod order;
mod table;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type, parse_quote};

use crate::bound;
use crate::expand::lists::Access;
use crate::model::{Field, Model, Role};
use crate::spec::Word;

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    if model.attrs.words.has(Word::Skip) {
        return setting(model);
    }
    let Model { ident, runtime, allows, .. } = model;
    let proofs = model.fields.iter().filter_map(|field| proof(model, field));
    let (shared, exclusive) = (Access { mutable: false }, Access { mutable: true });
    let (body, body_mut) = (shared.body(model), exclusive.body(model));
    let description = table::description(model);
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    let imports = imports(model);
    quote! {
        const _: () = {
            use #runtime::__private as __of;
            use __of::{#(#imports),*};

            #[automatically_derived]
            #allows
            impl #impl_generics __of::StateDict for #ident #ty_generics #where_clause {
                fn visit_fields<'__a>(&'__a self, __visitor: &mut dyn __of::Visitor<__of::ByRef<'__a>>) {
                    #body
                }
                fn visit_fields_mut<'__a>(&'__a mut self, __visitor: &mut dyn __of::Visitor<__of::ByMut<'__a>>) {
                    #body_mut
                }
                fn describe() -> __of::Description {
                    #(#proofs)*
                    #description
                }
            }
        };
    }
}

/// The traits that the expansion names often, or by their constants alone.
fn imports(model: &Model<'_>) -> Vec<TokenStream> {
    let children = || model.fields.iter().filter(|field| matches!(field.role, Role::Child { .. }));
    let has_leaf = model.fields.iter().any(|field| {
        matches!(field.role, Role::Parameter | Role::Buffer { .. }) && leaf::is_usual(field.ty)
    });
    let mut imports = vec![quote!(StateDict as __Module)];
    if has_leaf {
        imports.push(quote!(LeafField as __Leaf));
    }
    if children().any(|field| describe::has_owners(field.ty)) {
        imports.push(quote!(Other as _));
    }
    if children().any(|field| field.misspelt) {
        imports.push(quote!(NotAModule as _));
    }
    imports
}

/// Returns what has no state, and no place among the modules.
fn setting(model: &Model<'_>) -> TokenStream {
    let Model { ident, runtime, allows, .. } = model;
    let (impl_generics, ty_generics, _) = model.generics.split_for_impl();
    let where_clause = bound::where_clause(model);
    quote! {
        const _: () = {
            use #runtime::__private as __of;

            #[automatically_derived]
            #allows
            impl #impl_generics __of::StateDict for #ident #ty_generics #where_clause {
                fn visit_fields<'__a>(&'__a self, _: &mut dyn __of::Visitor<__of::ByRef<'__a>>) {}
                fn visit_fields_mut<'__a>(&'__a mut self, _: &mut dyn __of::Visitor<__of::ByMut<'__a>>) {}
                fn describe() -> __of::Description {
                    __of::Description::Nothing
                }
            }
        };
    }
}

/// The proof that a field without a helper of its own has the type its name says.
fn proof(model: &Model<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let ty = field.ty;
    match &field.role {
        Role::Plain => {
            let mut ty = ty.clone();
            without_fns(&mut ty);
            Some(quote!(__of::plain::<#ty>();))
        }
        // Where it stands for a path, no type is known.
        Role::Alias(target) => Some(match target.as_ref().and_then(|target| target.field) {
            Some(target) => {
                let target = model.fields[target].ty;
                quote!(__of::alias_of::<#ty, #target>();)
            }
            None => quote!(__of::alias::<#ty>();),
        }),
        _ => None,
    }
}

/// Puts `()` where fn pointers are, whose type cannot be another's.
fn without_fns(ty: &mut Type) {
    match ty {
        Type::FnPtr(_) => *ty = parse_quote!(()),
        Type::Group(group) => without_fns(&mut group.elem),
        Type::Paren(paren) => without_fns(&mut paren.elem),
        Type::Array(array) => without_fns(&mut array.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(without_fns),
        Type::Path(path) => {
            let last = path.path.segments.last_mut().map(|last| &mut last.arguments);
            if let Some(PathArguments::AngleBracketed(arguments)) = last {
                for argument in &mut arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        without_fns(ty);
                    }
                }
            }
        }
        _ => {}
    }
}
