//! Tokens → attribute values, each with what to underline where a later rule refuses it.

mod arguments;
mod value;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitInt, LitStr, Meta, Path, WherePredicate};

use crate::attr::value::Reader;
use crate::ctxt::Ctxt;
use crate::spec::{self, Place, Row, Word, Written};
use crate::suggest;

/// The attributes of one struct or field.
pub(crate) struct Words(Vec<Found>);

/// One attribute as it was found.
pub(crate) struct Found {
    pub(crate) word: Word,
    /// The word itself.
    pub(crate) ident: Ident,
    /// `None` where it was refused. The attribute still counts as present, or one mistake would be reported twice.
    pub(crate) value: Option<Value>,
}

pub(crate) enum Value {
    Flag,
    Bool(bool),
    Text(LitStr),
    Number(u32, LitInt),
    Aliases(Vec<(Name, Name)>),
    /// Of a field; `None`: any earlier field.
    Target(Option<Name>),
    Renamed(Version, LitStr),
    Removed(Version, Vec<LitStr>),
    Migrate(Version, Path),
    Predicates(Vec<WherePredicate>),
    Path(Path),
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
enum Rest {
    Nothing,
    /// `(…)`.
    Group(Group),
    /// `= …`: the sign, and what comes after it.
    Equals(TokenTree, TokenStream),
}

impl Words {
    /// Reads the attributes of a struct, or of a field where bare words count (`bare`).
    pub(crate) fn read(ctxt: &Ctxt, place: Place, attrs: &[Attribute], bare: bool) -> Words {
        let mut words = Words(Vec::new());
        for attr in attrs {
            let Some(name) = attr.path().get_ident() else { continue };
            if name == "state_dict" {
                words.read_namespaced(ctxt, place, attr);
            } else if bare
                && let Some(row) = Row::find(&name.to_string(), place).filter(|row| row.bare)
            {
                words.add(ctxt, place, row, name.clone(), Written::Bare, Rest::of(&attr.meta));
            }
        }
        words
    }

    /// Whether `#[state_dict(namespaced)]` is among them, which says that bare words are other derives'.
    pub(crate) fn is_namespaced(attrs: &[Attribute]) -> bool {
        attrs.iter().filter(|attr| attr.path().is_ident("state_dict")).any(|attr| {
            match &attr.meta {
                Meta::List(list) => items(&list.tokens).iter().any(
                    |item| matches!(&item[..], [TokenTree::Ident(word)] if word == "namespaced"),
                ),
                _ => false,
            }
        })
    }

    pub(crate) fn get(&self, word: Word) -> Option<&Found> {
        self.0.iter().find(|found| found.word == word)
    }

    pub(crate) fn has(&self, word: Word) -> bool {
        self.get(word).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Found> {
        self.0.iter()
    }

    /// The position among the attributes, for "the second of the two".
    pub(crate) fn position(&self, word: Word) -> Option<usize> {
        self.0.iter().position(|found| found.word == word)
    }

    pub(crate) fn text(&self, word: Word) -> Option<&LitStr> {
        match self.get(word)?.value.as_ref()? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The path of `word = path`.
    pub(crate) fn path(&self, word: Word) -> Option<&Path> {
        match self.get(word)?.value.as_ref()? {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }

    pub(crate) fn number(&self, word: Word) -> Option<(u32, &LitInt)> {
        match self.get(word)?.value.as_ref()? {
            Value::Number(number, at) => Some((*number, at)),
            _ => None,
        }
    }

    /// `#[state_dict(…)]`.
    fn read_namespaced(&mut self, ctxt: &Ctxt, place: Place, attr: &Attribute) {
        let list = match &attr.meta {
            Meta::List(list) => list,
            Meta::Path(path) => {
                let message = "expected attributes in parentheses: `#[state_dict(...)]`";
                return ctxt.error_help(path, message, alternatives(place));
            }
            Meta::NameValue(pair) => {
                let message = "expected parentheses: `#[state_dict(...)]`";
                return ctxt.error_help(pair.eq_token, message, alternatives(place));
            }
        };
        let items = items(&list.tokens);
        if items.is_empty() {
            let help = format!("remove it; {}", alternatives(place));
            return ctxt.error_help(attr, "this `#[state_dict()]` says nothing", help);
        }
        for item in items {
            let Some((TokenTree::Ident(word), rest)) = item.split_first() else {
                let at: TokenStream = item.into_iter().collect();
                ctxt.error_help(at, "expected the name of an attribute", alternatives(place));
                continue;
            };
            let Some(row) = Row::find(&word.to_string(), place) else {
                unknown(ctxt, place, word);
                continue;
            };
            match Rest::after_word(rest) {
                Ok(rest) => self.add(ctxt, place, row, word.clone(), Written::Namespaced, rest),
                Err(unexpected) => {
                    let message = format!("unexpected `{unexpected}` after `{word}`");
                    ctxt.error_help(unexpected, message, "separate attributes by commas");
                }
            }
        }
    }

    fn add(
        &mut self,
        ctxt: &Ctxt,
        place: Place,
        row: &'static Row,
        ident: Ident,
        written: Written,
        rest: Rest,
    ) {
        if !row.places.contains(&place) {
            return misplaced(ctxt, place, row, &ident, written);
        }
        if self.has(row.word) && !row.repeats {
            return ctxt.error_help(
                &ident,
                format_args!("duplicate attribute `{ident}`"),
                "remove one of the two",
            );
        }
        let value = Reader { ctxt, row, written }.value(&ident, rest);
        self.0.push(Found { word: row.word, ident, value });
    }
}

impl Rest {
    /// What follows the word of a bare attribute.
    fn of(meta: &Meta) -> Rest {
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
    fn after_word(tokens: &[TokenTree]) -> Result<Rest, TokenTree> {
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
fn items(tokens: &TokenStream) -> Vec<Vec<TokenTree>> {
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

fn visible(tokens: TokenStream) -> Vec<TokenTree> {
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

/// "a field takes `param`, …".
fn alternatives(place: Place) -> String {
    format!("a {} takes {}", place.noun(), suggest::list(Row::names_at(place)))
}

fn unknown(ctxt: &Ctxt, place: Place, word: &Ident) {
    let text = word.to_string();
    let help = if let Some(help) = spec::look_alike(&text) {
        help.to_owned()
    } else if let Some(near) = suggest::nearest(&text, Row::names_at(place)) {
        format!("did you mean `{near}`?")
    } else {
        alternatives(place)
    };
    ctxt.error_help(word, format_args!("unknown attribute `{word}` on a {}", place.noun()), help);
}

fn misplaced(ctxt: &Ctxt, place: Place, row: &Row, word: &Ident, written: Written) {
    let article = |place: Place| match place {
        Place::Struct => "the struct",
        Place::Variant => "a variant",
        Place::Field => "a field",
    };
    let there = row.places.first().copied().unwrap_or(Place::Field);
    let message = format!("`{word}` belongs on {}, not on {}", article(there), article(place));
    let attr = match written {
        Written::Bare => row.spell(written),
        Written::Namespaced => format!("#[state_dict({})]", row.spell(written)),
    };
    let help = match there {
        Place::Field => format!("put `{attr}` on each field that it applies to"),
        Place::Struct | Place::Variant => format!("put `{attr}` above {}", article(there)),
    };
    ctxt.error_help(word, message, help);
}
