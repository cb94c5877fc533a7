//! What attributes are made of: their arguments, and the tokens between commas.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{LitInt, LitStr, Meta, Path};

/// `renamed(since = 2, from = "old")`.
pub(crate) struct Renamed {
    pub(crate) word: Ident,
    pub(crate) since: Version,
    pub(crate) from: LitStr,
}

/// `removed(since = 2, "old", …)`.
pub(crate) struct Removed {
    pub(crate) word: Ident,
    pub(crate) since: Version,
    pub(crate) names: Vec<LitStr>,
}

/// `migrate(to = 2, with = path)`.
pub(crate) struct Migrate {
    pub(crate) word: Ident,
    pub(crate) to: Version,
    pub(crate) with: Path,
}

/// A version as it was written.
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) at: LitInt,
}

/// One side of `name = target`.
#[derive(Clone)]
pub(crate) enum Name {
    /// `fc`.
    Ident(Ident),
    /// `"encoder.fc"`.
    Path(LitStr),
}

impl Name {
    pub(crate) fn text(&self) -> String {
        match self {
            Name::Ident(ident) => unraw(ident),
            Name::Path(path) => path.value(),
        }
    }
}

impl ToTokens for Name {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Name::Ident(ident) => ident.to_tokens(tokens),
            Name::Path(path) => path.to_tokens(tokens),
        }
    }
}

/// The name without `r#`.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// What follows a word.
pub(crate) enum Rest {
    Nothing,
    /// `(…)`.
    Group(Group),
    /// `= …`: the sign, and what comes after it.
    Equals(TokenTree, TokenStream),
}

impl Rest {
    /// What follows the word of a bare attribute.
    pub(super) fn of(meta: &Meta) -> Rest {
        match meta {
            Meta::Path(_) => Rest::Nothing,
            Meta::List(list) => {
                let mut group = Group::new(Delimiter::Parenthesis, list.tokens.clone());
                group.set_span(list.delimiter.span().join());
                Rest::Group(group)
            }
            Meta::NameValue(pair) => {
                let mut sign = proc_macro2::Punct::new('=', proc_macro2::Spacing::Alone);
                sign.set_span(pair.eq_token.span);
                Rest::Equals(sign.into(), pair.value.to_token_stream())
            }
        }
    }

    /// What follows a word inside `state_dict(…)`, up to the comma; or the first token that cannot stand there.
    pub(super) fn after_word(tokens: &[TokenTree]) -> Result<Rest, TokenTree> {
        match tokens {
            [] => Ok(Rest::Nothing),
            [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
                Ok(Rest::Group(group.clone()))
            }
            [TokenTree::Punct(sign), value @ ..] if sign.as_char() == '=' => {
                Ok(Rest::Equals(sign.clone().into(), value.iter().cloned().collect()))
            }
            [TokenTree::Group(group), next, ..] if group.delimiter() == Delimiter::Parenthesis => {
                Err(next.clone())
            }
            [next, ..] => Err(next.clone()),
        }
    }
}

/// What stands between the commas. Macros by example wrap what they paste in invisible groups,
/// which are opened.
pub(super) fn items(tokens: &TokenStream) -> Vec<Vec<TokenTree>> {
    let mut items = vec![Vec::new()];
    for token in visible(tokens.clone()) {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => items.push(Vec::new()),
            _ => items.last_mut().into_iter().for_each(|item| item.push(token.clone())),
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

pub(super) fn visible(tokens: TokenStream) -> Vec<TokenTree> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                visible(group.stream())
            }
            token => vec![token],
        })
        .collect()
}
