//! The description of the type: a table of its fields, or of each variant's.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

use crate::expand::info;
use crate::expand::order::{Entry, entries};
use crate::model::{Field, Model, Role, Target};
use crate::spec::Word;
use crate::spelling;

/// The owners of one module, which add nothing of their own, and may own a `dyn`.
const OWNERS: &[&str] = &["Box", "Rc", "Arc", "RefCell", "Mutex", "RwLock"];

pub(super) fn description(model: &Model<'_>) -> TokenStream {
    if !model.is_enum() {
        let description = variant(model, 0);
        return quote!(const { #description });
    }
    let variants = (0..model.variants.len()).map(|number| variant(model, number));
    quote! {
        __of::Description::OneOf {
            rust_type: ::core::any::type_name::<Self>,
            variants: const { &[#(#variants),*] },
        }
    }
}

/// What a struct is, or a variant.
fn variant(model: &Model<'_>, number: usize) -> TokenStream {
    let segment = model.variants.get(number).and_then(|variant| variant.words.text(Word::Rename));
    let (class, fields) = match (model.content_of(number), segment) {
        (Some(content), None) => {
            let ty = owned(content.ty);
            return quote!(__of::Probe::<#ty>::SAME);
        }
        (Some(content), Some(segment)) => {
            let ty = owned(content.ty);
            let child = quote!(__of::Field::child(#segment, __of::Probe::<#ty>::DESCRIBE));
            (info::class(model, std::iter::empty()), vec![child])
        }
        (None, _) => {
            let entries = entries(model, number);
            let fields = entries.iter().filter_map(|entry| match entry {
                Entry::Field(found) => field(found),
                Entry::ExtraState => Some(quote!(__of::Field::extra_state())),
                Entry::Alias(found) => Some(alias(&found.name.text(), &found.target_key)),
            });
            (info::class(model, model.fields_of(number)), fields.collect())
        }
    };
    quote! {
        __of::Description::Module(&__of::FieldTable {
            info: #class,
            fields: &[#(#fields),*],
        })
    }
}

fn field(field: &Field<'_>) -> Option<TokenStream> {
    let (ty, key) = (field.ty, &field.key);
    let child = || {
        let ty = owned(ty);
        quote!(__of::Probe::<#ty>::DESCRIBE)
    };
    let entry = match field.role {
        Role::Parameter => quote!(__of::leaf::<#ty>().parameter(#key)),
        Role::Buffer { persistent } => quote!(__of::leaf::<#ty>().buffer(#key, #persistent)),
        Role::Child if field.is_flat() => {
            let child = child();
            quote!(__of::Field::flattened(#child))
        }
        Role::Child => {
            let child = child();
            quote!(__of::Field::child(#key, #child))
        }
        Role::Training => quote!(__of::Field::training()),
        Role::Alias => return Some(alias(key, &field.target.as_ref()?.key)),
        Role::Skipped | Role::Plain => return None,
    };
    let tie = field.words.has(Word::SameAs).then(|| match &field.target {
        Some(Target { key, .. }) => quote!(.tied_to(#key)),
        None => quote!(.tied()),
    });
    Some(quote!(#entry #tie))
}

fn alias(name: &str, target: &str) -> TokenStream {
    quote!(__of::Field::alias(#name, #target))
}

/// The type without the owners in it: whether they own a `dyn`, no implementation of theirs can tell.
fn owned(ty: &Type) -> Type {
    let mut ty = spelling::bare_type(ty).clone();
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
