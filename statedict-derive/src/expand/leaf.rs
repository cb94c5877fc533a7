//! What a parameter or buffer is asked for.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Type;

use crate::spelling::{self, is_plain};

/// Collections, which are tensors only of numbers.
const LISTS: &[&str] = &[
    "Vec",
    "VecDeque",
    "LinkedList",
    "HashMap",
    "BTreeMap",
    "IndexMap",
    "HashSet",
    "BTreeSet",
    "SmallVec",
];

/// The types that go around a module.
const GUARDS: &[&str] = &[
    "Rc",
    "Arc",
    "Cell",
    "RefCell",
    "OnceCell",
    "Mutex",
    "RwLock",
    "OnceLock",
    "LazyLock",
    "Wrapping",
    "AtomicBool",
    "AtomicI8",
    "AtomicI16",
    "AtomicI32",
    "AtomicI64",
    "AtomicIsize",
    "AtomicU8",
    "AtomicU16",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
];

/// The trait that a leaf of type `ty` must have. All mean the same; by the name of the type they say what to do
/// where it has none.
pub(super) fn leaf_trait(ty: &Type) -> TokenStream {
    if is_usual(ty) {
        return quote!(__Leaf);
    }
    let name = Ident::new(trait_of(ty), Span::call_site());
    quote!(__of::#name)
}

/// Returns `true` if the trait of `ty` is `LeafField` itself.
pub(super) fn is_usual(ty: &Type) -> bool {
    trait_of(ty) == "LeafField"
}

fn trait_of(ty: &Type) -> &'static str {
    let path = match spelling::bare_type(ty) {
        Type::Path(path) if path.qself.is_none() => path,
        Type::Array(array) if is_plain(&array.elem) => return "LeafField",
        Type::Array(_) | Type::Tuple(_) => return "LeafOfList",
        _ => return "LeafField",
    };
    let Some(last) = path.path.segments.last() else { return "LeafField" };
    let name = last.ident.to_string();
    match spelling::argument(last) {
        Some(inner) if name == "Option" => trait_of(inner),
        Some(inner) if name == "Vec" && is_plain(inner) => "LeafField",
        _ if LISTS.contains(&&*name) => "LeafOfList",
        _ if GUARDS.contains(&&*name) => "LeafOfGuard",
        _ => "LeafField",
    }
}
