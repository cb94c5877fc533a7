//! The where-clause of the implementation.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{WhereClause, WherePredicate, parse_quote};

use crate::model::{Model, Role};
use crate::spec::Word;

/// The struct's own where-clause, and a bound on each field type that depends on a type parameter.
///
/// The bounds are on field types, not on parameters: `Vec<T>` may be a module where `T` is
/// none, and a `PhantomData<T>` asks nothing of `T`. A type that mentions the struct itself gets no bound,
/// since the proof of `Option<Box<Tree<T>>>: StateDict` would need itself.
pub(crate) fn where_clause(model: &Model<'_>) -> Option<WhereClause> {
    let mut clause = model.generics.where_clause.clone();
    let added: Vec<WherePredicate> = match &model.attrs.bounds {
        Some(bounds) => bounds.clone(),
        None if model.attrs.words.has(Word::Skip) => Vec::new(),
        None => inferred(model),
    };
    if !added.is_empty() {
        let own = clause.get_or_insert_with(|| parse_quote!(where));
        own.predicates.extend(added);
    }
    clause
}

fn inferred(model: &Model<'_>) -> Vec<WherePredicate> {
    let params: HashSet<String> =
        model.generics.type_params().map(|param| param.ident.to_string()).collect();
    let own: HashSet<String> = [model.ident.to_string(), "Self".to_owned()].into();
    let mut seen = HashSet::new();
    let mut predicates = Vec::new();
    for field in &model.fields {
        let ty = field.ty;
        // Where it is not met, the compiler underlines the field's type.
        let at = Span::call_site().located_at(ty.span());
        let bound: TokenStream = match field.role {
            Role::Parameter | Role::Buffer { .. } => quote_spanned!(at=> __of::LeafField),
            Role::Child { .. } => quote_spanned!(at=> __of::StateDict),
            Role::Alias(_) | Role::Training | Role::Skipped | Role::Plain => continue,
        };
        if mentions(ty.to_token_stream(), &params) && !mentions(ty.to_token_stream(), &own) {
            let predicate: WherePredicate = parse_quote!(#ty: #bound);
            // In the order of the fields, each once: the same struct always expands to the same text.
            if seen.insert(predicate.to_token_stream().to_string()) {
                predicates.push(predicate);
            }
        }
    }
    predicates
}

/// Whether one of `names` stands in the tokens, other than as a later segment of a path.
fn mentions(tokens: TokenStream, names: &HashSet<String>) -> bool {
    let mut colons = 0;
    tokens.into_iter().any(|token| {
        let after_path = colons == 2;
        colons = match &token {
            TokenTree::Punct(colon) if colon.as_char() == ':' => colons + 1,
            _ => 0,
        };
        match token {
            TokenTree::Ident(ident) => !after_path && names.contains(&ident.to_string()),
            TokenTree::Group(group) => mentions(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        }
    })
}
