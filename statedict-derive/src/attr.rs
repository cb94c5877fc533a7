//! Tokens → attribute values, each with what to underline where a later rule refuses it.

mod arguments;
mod parts;
mod value;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Attribute, LitInt, LitStr, Meta, Path};

pub(crate) use crate::attr::parts::{Name, Value, Version, unraw};
use crate::attr::parts::{Rest, items};
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
