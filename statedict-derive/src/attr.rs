//! Tokens → attribute values, each with what to underline where a later rule refuses it.

mod arguments;
mod parts;
mod places;
mod value;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Meta};

pub(crate) use crate::attr::parts::{Migrate, Name, Removed, Renamed, Version, unraw};
use crate::attr::parts::{Rest, items};
pub(crate) use crate::attr::places::{Attrs, FieldAttrs, StructAttrs, VariantAttrs};
use crate::attr::value::Reader;
use crate::ctxt::Ctxt;
use crate::spec::{self, Place, Row, Word, Written};
use crate::suggest;

/// Reads the attributes of a struct, a variant or a field; bare words count if `bare`.
pub(crate) fn read<A: Attrs>(ctxt: &Ctxt, attrs: &[Attribute], bare: bool) -> A {
    let mut read = A::default();
    for attr in attrs {
        let Some(name) = attr.path().get_ident() else { continue };
        if name == "state_dict" {
            read_namespaced(ctxt, &mut read, attr);
        } else if bare && let Some(row) = Row::find(&name.to_string(), A::PLACE) {
            match row.word {
                // Not one of the words that the compiler takes for this derive's.
                Word::Bound | Word::Crate | Word::Namespaced => {}
                _ if row.bare => {
                    add(ctxt, &mut read, row, name, Written::Bare, Rest::of(&attr.meta));
                }
                _ => only_namespaced(ctxt, row, attr),
            }
        }
    }
    read
}

/// Returns `true` if `#[state_dict(namespaced)]` is among them, which says that bare words are other derives'.
pub(crate) fn is_namespaced(attrs: &[Attribute]) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("state_dict")).any(|attr| match &attr.meta {
        Meta::List(list) => items(&list.tokens)
            .iter()
            .any(|item| matches!(&item[..], [TokenTree::Ident(word)] if word == "namespaced")),
        _ => false,
    })
}

/// Returns `true` for an attribute `name(…, word, …)` of the compiler's.
pub(crate) fn lists(attr: &Attribute, name: &str, word: &str) -> bool {
    match &attr.meta {
        Meta::List(list) if list.path.is_ident(name) => list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(found) if found == word)),
        _ => false,
    }
}

/// Returns `true` if one of a field's attributes is like a bare word, and may be a slip.
pub(crate) fn may_be_misspelt(attrs: &[Attribute]) -> bool {
    let words = || Row::names_at(Place::Field);
    attrs.iter().filter_map(|attr| attr.path().get_ident()).any(|name| {
        let name = name.to_string().to_lowercase();
        suggest::nearest(&name, words()).is_some() || words().any(|word| name.starts_with(word))
    })
}

/// `#[state_dict(…)]`.
fn read_namespaced<A: Attrs>(ctxt: &Ctxt, read: &mut A, attr: &Attribute) {
    let place = A::PLACE;
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
            Ok(rest) => add(ctxt, read, row, word, Written::Namespaced, rest),
            Err(unexpected) => {
                let message = format!("unexpected `{unexpected}` after `{word}`");
                ctxt.error_help(unexpected, message, "separate attributes by commas");
            }
        }
    }
}

fn add<A: Attrs>(
    ctxt: &Ctxt,
    read: &mut A,
    row: &'static Row,
    word: &Ident,
    written: Written,
    rest: Rest,
) {
    if !row.places.contains(&A::PLACE) {
        return misplaced(ctxt, A::PLACE, row, word, written);
    }
    if read.words().has(row.word) && !row.repeats {
        let message = format!("duplicate attribute `{word}`");
        return ctxt.error_help(word, message, "remove one of the two");
    }
    // It counts as present if its value is refused, or one mistake would be reported twice.
    read.words().add(row.word, word);
    read.set(&Reader { ctxt, row, written, word }, rest);
}

/// A word without `state_dict(...)` around it that is not one of the bare ones.
fn only_namespaced(ctxt: &Ctxt, row: &Row, attr: &Attribute) {
    let value = match &attr.meta {
        Meta::NameValue(pair) => {
            format!(" = {}", pair.value.to_token_stream()).replace(" :: ", "::")
        }
        _ => row.example.to_owned(),
    };
    let message = format!("`{}` is written in `#[state_dict(...)]`", row.name);
    let help = format!(
        "write `#[state_dict({}{value})]`; if this one is another derive's, put `#[state_dict(namespaced)]` on the struct",
        row.name
    );
    ctxt.error_help(attr.path(), message, help);
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
