//! How the type of a child is described without a value of it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, PathArguments, Type, parse_quote};

/// The names of the owners of one module, which may own a `dyn`. A name is a guess: the library's types decide.
const OWNERS: &[&str] = &["Box", "Rc", "Arc", "Pin", "RefCell", "Mutex", "RwLock"];

/// More owners than any model's type has; what has more is known by its values alone.
const MANY_OWNERS: usize = 16;

/// The function that describes `ty`.
pub(super) fn describe(ty: &Type) -> TokenStream {
    let describe = quote!(<#ty as __Module>::describe);
    match owned(ty) {
        Some(owned) => quote!(__of::owned(#owned::CONTENT, #describe)),
        None => describe,
    }
}

/// The entry of a child, without its name.
pub(super) fn child(ty: &Type) -> TokenStream {
    let describe = quote!(<#ty as __Module>::describe);
    match owned(ty) {
        Some(owned) => quote!(__of::owner(#owned::CONTENT, #describe)),
        None => quote!(__of::child(#describe)),
    }
}

/// The description of what is a `ty` and nothing more.
pub(super) fn same_as(ty: &Type) -> TokenStream {
    let describe = quote!(<#ty as __Module>::describe);
    match owned(ty) {
        Some(owned) => quote!(#owned::same::<#ty>(#owned::CONTENT, #describe)),
        None => quote!(__of::same_as::<#ty>(#describe)),
    }
}

/// Returns `true` if owners are taken out of `ty` to describe it.
pub(super) fn has_owners(ty: &Type) -> bool {
    owned(ty).is_some()
}

/// What a type is without its owners, and the owners; `None` where it has none.
///
/// An owner's implementation cannot tell what it owns, since that may be a `dyn`. So the type without its owners is
/// asked, where they are the standard library's.
fn owned(ty: &Type) -> Option<TokenStream> {
    let (mut content, mut owners) = (ty.clone(), Vec::new());
    if !without_owners(&mut content, &mut owners) || owners.len() > MANY_OWNERS {
        return None;
    }
    let owners = owners.into_iter().map(|owner| quote!(#owner));
    let owners = owners.reduce(|inner, owner| quote!((#owner, #inner)))?;
    Some(quote!(__of::Owned::<#content, #owners>))
}

/// Takes the owners out of a type, and notes each, the innermost first. Returns `false`, and leaves the type as it is,
/// where what is owned has no size.
fn without_owners(ty: &mut Type, owners: &mut Vec<Type>) -> bool {
    let whole = content(ty).is_some().then(|| ty.clone());
    if let (Some(owner), Some(inner)) = (whole, content(ty)) {
        let sized = without_owners(inner, owners);
        if sized {
            *ty = inner.clone();
            owners.push(owner);
        }
        return sized;
    }
    match ty {
        Type::Group(group) => return without_owners(&mut group.elem, owners),
        Type::Paren(paren) => return without_owners(&mut paren.elem, owners),
        Type::TraitObject(_) => return false,
        // A slice is a list of modules, like the vector of its elements.
        Type::Slice(slice) => {
            without_owners(&mut slice.elem, owners);
            let elem = &slice.elem;
            *ty = parse_quote!(__of::Vec<#elem>);
        }
        Type::Array(array) => {
            without_owners(&mut array.elem, owners);
        }
        Type::Tuple(tuple) => {
            for elem in &mut tuple.elems {
                without_owners(elem, owners);
            }
        }
        Type::Path(path) => {
            let arguments = path.path.segments.last_mut().map(|last| &mut last.arguments);
            if let Some(PathArguments::AngleBracketed(arguments)) = arguments {
                for argument in &mut arguments.args {
                    if let GenericArgument::Type(inner) = argument {
                        without_owners(inner, owners);
                    }
                }
            }
        }
        _ => {}
    }
    true
}

/// Returns what is owned by a type with the name of an owner.
fn content(ty: &mut Type) -> Option<&mut Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last_mut().filter(|_| path.qself.is_none())?;
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { return None };
    let is_owner = arguments.args.len() == 1 && OWNERS.contains(&&*last.ident.to_string());
    match arguments.args.first_mut() {
        Some(GenericArgument::Type(inner)) if is_owner => Some(inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(ty: &str) -> String {
        let text = describe(&syn::parse_str(ty).unwrap()).to_string();
        text.replace(' ', "").replace("__of::", "").replace("__Module", "StateDict")
    }

    #[test]
    fn owners_are_taken_out_wherever_they_are() {
        assert_eq!(described("Linear"), "<LinearasStateDict>::describe");
        let owned = |ty: &str, owned: &str| {
            assert_eq!(
                described(ty),
                format!(
                    "owned(Owned::<{owned}>::CONTENT,<{}asStateDict>::describe)",
                    ty.replace(' ', "")
                )
            );
        };
        owned("Box<A>", "A,Box<A>");
        owned(
            "Vec<Option<std::rc::Rc<(RefCell<A>)>>>",
            "Vec<Option<(A)>>,(std::rc::Rc<(RefCell<A>)>,RefCell<A>)",
        );
        owned("([Box<A>; 2], Arc<B>)", "([A;2],B),(Arc<B>,Box<A>)");
        owned("Box<[A]>", "Vec<A>,Box<[A]>");
    }

    #[test]
    fn what_owns_something_without_a_size_stays() {
        for ty in ["Box<dyn A>", "Rc<RefCell<dyn A>>", "Vec<Box<dyn A>>", "Box<A, B>"] {
            assert_eq!(described(ty), format!("<{}asStateDict>::describe", ty.replace(' ', "")));
        }
    }

    /// A type in a type is looked at once: the expansion grows as the type does.
    #[test]
    fn deep_types_are_described_in_linear_time() {
        // As large a stack as the compiler's: syn recurses.
        let thread = std::thread::Builder::new().stack_size(64 << 20);
        thread.spawn(assert_linear).unwrap().join().unwrap();
    }

    fn assert_linear() {
        let nested = |open: &str, close: &str, depth: usize| {
            format!("{}A{}", open.repeat(depth), close.repeat(depth))
        };
        for (open, close) in
            [("Vec<", ">"), ("Chain<A, ", ">"), ("Chain<", ", A>"), ("[", "; 2]"), ("(", ", A)")]
        {
            let length = |depth| described(&nested(open, close, depth)).len();
            assert!(length(120) < 2 * length(60) + 60, "{open}");
        }
        // Each owner must be proved to be one; so many are not.
        let boxes = described(&nested("Option<Box<", ">>", 120));
        assert_eq!(boxes, format!("<{}asStateDict>::describe", nested("Option<Box<", ">>", 120)));
    }
}
