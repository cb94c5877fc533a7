//! The calls of the method that needs no value.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

use crate::bound;
use crate::expand::body::{Access, alias, alias_of};
use crate::expand::info;
use crate::model::{Field, Model, Role};
use crate::spec::Word;

/// The owners of one module, which add nothing of their own, and may own a `dyn`.
const OWNERS: &[&str] = &["Box", "Rc", "Arc", "RefCell", "Mutex", "RwLock"];

pub(super) fn body(model: &Model<'_>) -> TokenStream {
    let (runtime, calls) = (&model.runtime, calls(model));
    // One of two methods of this name: for modules that are known to be some, and for others.
    let other = model
        .fields
        .iter()
        .any(|field| field.role == Role::Child)
        .then(|| quote!(#[allow(unused_imports)] use #runtime::__private::Opaque as _;));
    quote!(#other #calls)
}

fn calls(model: &Model<'_>) -> TokenStream {
    if !model.is_enum() {
        return match model.content_of(0) {
            Some(content) => child(model, content, &quote!(content(__visitor))),
            None => module(model, 0),
        };
    }
    let variants = model.variants.iter().enumerate().map(|(number, variant)| {
        let calls = match (model.content_of(number), variant.words.text(Word::Rename)) {
            (Some(content), None) => child(model, content, &quote!(content(__visitor))),
            (Some(content), Some(segment)) => {
                let report = info::report(model, std::iter::empty());
                let call = child(model, content, &quote!(child(__visitor, #segment)));
                quote!(#report #call)
            }
            (None, _) => module(model, number),
        };
        quote!(|__visitor| { #calls })
    });
    let name = quote!(::core::any::type_name::<Self>());
    quote!(__visitor.alternatives(#name, &[#(#variants),*]);)
}

fn module(model: &Model<'_>, number: usize) -> TokenStream {
    let access = &Access { mutable: false };
    let report = info::report(model, model.fields_of(number));
    let with_rank =
        |rank| model.fields_of(number).filter(move |field| access.rank(model, field) == Some(rank));
    let leaves = (1..3).flat_map(with_rank).map(|member| field(model, member));
    let extra = model.words.get(Word::ExtraState).map(|_| quote!(__visitor.extra_state();));
    let children = with_rank(3).map(|member| field(model, member));
    let aliases = model.aliases.iter().filter(|alias| alias.field.is_none()).map(alias);
    quote!(#report #(#leaves)* #extra #(#children)* #(#aliases)*)
}

fn field(model: &Model<'_>, field: &Field<'_>) -> TokenStream {
    let (runtime, ty, key) = (&model.runtime, field.ty, &field.key);
    let leaf = quote!(#runtime::__private::leaf::<#ty>());
    match field.role {
        Role::Parameter => quote!(#leaf.describe_parameter(__visitor, #key);),
        Role::Buffer { persistent } => quote!(#leaf.describe_buffer(__visitor, #key, #persistent);),
        Role::Child if field.is_flat() => child(model, field, &quote!(flatten(__visitor))),
        Role::Child => child(model, field, &quote!(child(__visitor, #key))),
        Role::Alias => alias_of(model, field).map(alias).unwrap_or_default(),
        Role::Training | Role::Skipped | Role::Plain => TokenStream::new(),
    }
}

/// The call for a module. One that is missing from the type is reported by the other methods alone.
fn child(model: &Model<'_>, field: &Field<'_>, call: &TokenStream) -> TokenStream {
    let runtime = &model.runtime;
    let ty = owned(field.ty);
    quote!(#runtime::__private::probe::<#ty>().describe().#call;)
}

/// The type without the owners in it: whether they own a `dyn`, no implementation of theirs can tell.
fn owned(ty: &Type) -> Type {
    let mut ty = bound::bare_type(ty).clone();
    match &mut ty {
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last_mut() else { return ty };
            let is_owner = OWNERS.iter().any(|owner| last.ident == owner);
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { return ty };
            if let (true, 1, Some(GenericArgument::Type(inner))) =
                (is_owner, arguments.args.len(), arguments.args.first())
            {
                return owned(inner);
            }
            for argument in &mut arguments.args {
                if let GenericArgument::Type(inner) = argument {
                    // A container of what has no size is none.
                    if !matches!(owned(inner), Type::TraitObject(_)) {
                        *inner = owned(inner);
                    }
                }
            }
        }
        Type::Array(array) => *array.elem = owned(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| *elem = owned(elem)),
        _ => {}
    }
    ty
}
