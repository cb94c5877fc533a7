//! What a field's type says by its spelling.

use syn::Type;

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

/// The types that need no `#[skip]`: what a configuration is made of. A closed list of spellings;
/// the expansion asserts that the name means the standard library's type.
pub(crate) fn is_plain(ty: &Type) -> bool {
    const NAMES: &[&str] = &[
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "String",
        "PhantomData",
    ];
    match bare_type(ty) {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::FnPtr(_) => true,
        Type::Reference(reference) => {
            reference.mutability.is_none()
                && reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
                && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
        }
        Type::Path(path) if path.qself.is_none() => path
            .path
            .segments
            .last()
            .is_some_and(|last| NAMES.iter().any(|name| last.ident == name)),
        _ => false,
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
