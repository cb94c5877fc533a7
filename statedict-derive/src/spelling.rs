//! What a field's type says by its spelling.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The type without parentheses and without the invisible groups of macros by example.
pub(crate) fn bare_type(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// The type as a user would write it.
pub(crate) fn text(ty: &Type) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (spaced, tight) in
        [(" :: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" ;", ";")]
    {
        text = text.replace(spaced, tight);
    }
    text
}

/// Numbers that may be a tensor's elements.
const ELEMENTS: &[&str] =
    &["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"];

/// Other types without state.
const OTHERS: &[&str] = &["char", "i128", "isize", "u128", "usize", "String", "PhantomData"];

/// The types that need no `#[skip]`: what a configuration is made of. A closed list of spellings;
/// the expansion asserts that the names mean the standard library's types.
pub(crate) fn is_plain(ty: &Type) -> bool {
    match bare_type(ty) {
        Type::Tuple(tuple) => tuple.elems.iter().all(is_plain),
        // An array of numbers may be a buffer that was not marked.
        Type::Array(array) => is_plain(&array.elem) && !has_elements(&array.elem),
        Type::FnPtr(_) => true,
        Type::Reference(reference) => {
            reference.mutability.is_none()
                && reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
                && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
        }
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else { return false };
            // Once: each comparison would ask the compiler for the text.
            match &*last.ident.to_string() {
                "Option" => argument(last).is_some_and(is_plain),
                name => ELEMENTS.contains(&name) || OTHERS.contains(&name),
            }
        }
        _ => false,
    }
}

/// Returns `true` if there may be numbers in a plain type that are a tensor's elements.
fn has_elements(ty: &Type) -> bool {
    match bare_type(ty) {
        Type::Tuple(tuple) => tuple.elems.iter().any(has_elements),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            ELEMENTS.contains(&&*last.ident.to_string()) || argument(last).is_some_and(has_elements)
        }),
        _ => false,
    }
}

/// The first type between the angle brackets.
pub(crate) fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// Whether the type is written as `Alias<...>`; the expansion asserts that this means ours.
pub(crate) fn is_alias(ty: &Type) -> bool {
    match bare_type(ty) {
        Type::Path(path) if path.qself.is_none() => {
            path.path.segments.last().is_some_and(|last| last.ident == "Alias")
        }
        _ => false,
    }
}
