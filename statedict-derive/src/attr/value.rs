//! Reads what follows an attribute's word, in the form that the table asks for.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Lit, LitBool, LitInt, LitStr, Path, Token, WherePredicate};

use super::parts::{Name, Rest, Version, items, visible};
use crate::case::Case;
use crate::ctxt::Ctxt;
use crate::spec::{Row, Word, Written};
use crate::suggest;

fn is_equals(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == '=')
}

/// Reads the value of one attribute; a mistake is reported, and gives `None`.
pub(crate) struct Reader<'c> {
    pub(super) ctxt: &'c Ctxt,
    pub(super) row: &'static Row,
    pub(super) written: Written,
    /// The attribute's word as it was written.
    pub(super) word: &'c Ident,
}

impl Reader<'_> {
    pub(super) fn spelling(&self) -> String {
        self.row.spell(self.written)
    }

    /// Nothing.
    pub(super) fn flag(&self, rest: Rest) {
        let (at, value) = match rest {
            Rest::Nothing => return,
            Rest::Group(group) => {
                let value = group.stream();
                (group.into_token_stream(), value)
            }
            Rest::Equals(sign, value) => ([sign].into_iter().chain(value.clone()).collect(), value),
        };
        let help = self.elsewhere(&value).unwrap_or_else(|| self.write(&self.spelling()));
        self.ctxt.error_help(at, format_args!("`{}` takes no value", self.row.name), help);
    }

    /// Returns where the value of a flag belongs: PyTorch's `register_buffer` takes a name and `persistent`.
    fn elsewhere(&self, value: &TokenStream) -> Option<String> {
        let (Word::Param | Word::Buffer) = self.row.word else { return None };
        let spell = |word: &str, value: &str| match self.written {
            Written::Bare => format!("#[{word}({value})]"),
            Written::Namespaced => format!("{word}({value})"),
        };
        match &visible(value.clone())[..] {
            [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Ident(value)]
                if word == "persistent" && (value == "true" || value == "false") =>
            {
                Some(format!("write `{}`", spell("persistent", &value.to_string())))
            }
            [TokenTree::Ident(_), TokenTree::Punct(_), TokenTree::Literal(text)]
            | [TokenTree::Literal(text)]
                if text.to_string().starts_with('"') =>
            {
                let separator = if self.written == Written::Bare { " " } else { ", " };
                let rename = spell("rename", &text.to_string());
                Some(format!("write `{}{separator}{rename}`", self.spelling()))
            }
            _ => None,
        }
    }

    /// "write …": a bare word with a value that is none of ours may be another derive's.
    fn write(&self, right: &str) -> String {
        match self.written {
            Written::Bare => format!(
                "write `{right}`; if this one is another derive's, put `#[state_dict(namespaced)]` on the struct"
            ),
            Written::Namespaced => format!("write `{right}`"),
        }
    }

    /// The parentheses after the word, with something in them.
    pub(super) fn group(&self, rest: Rest) -> Option<TokenStream> {
        match rest {
            Rest::Group(group) if !group.stream().is_empty() => {
                Some(visible(group.stream()).into_iter().collect())
            }
            Rest::Group(group) => {
                self.ctxt.error(group, self.needs_a_value());
                None
            }
            Rest::Nothing => {
                self.ctxt.error(self.word, self.needs_a_value());
                None
            }
            Rest::Equals(sign, value) => {
                let bounds = syn::parse2::<LitStr>(value.clone())
                    .ok()
                    .filter(|_| self.row.word == Word::Bound);
                let inner = bounds.map_or_else(|| value.to_string(), |bounds| bounds.value());
                let right = self.row.spell_with(self.written, &format!("({inner})"));
                let message = format!("`{}` takes its value in parentheses", self.row.name);
                let at: TokenStream = [sign].into_iter().chain(value).collect();
                self.ctxt.error_help(at, message, format_args!("write `{right}`"));
                None
            }
        }
    }

    fn needs_a_value(&self) -> String {
        format!("`{}` needs a value: `{}`", self.row.name, self.spelling())
    }

    /// `(true)` or `(false)`.
    pub(super) fn bool(&self, rest: Rest) -> Option<bool> {
        let tokens = self.group(rest)?;
        match syn::parse2::<LitBool>(tokens.clone()) {
            Ok(bool) => Some(bool.value),
            Err(_) => {
                let help = format!("a buffer that is not saved is marked `{}`", self.spelling());
                self.ctxt.error_help(&tokens, "expected `true` or `false`", help);
                None
            }
        }
    }

    /// `("text")`.
    pub(super) fn text(&self, rest: Rest) -> Option<LitStr> {
        let tokens = self.group(rest)?;
        if let Ok(text) = syn::parse2::<LitStr>(tokens.clone()) {
            return Some(text);
        }
        // Quotes round what is no string help only where there is one plain token.
        let plain = match &visible(tokens.clone())[..] {
            [token @ (TokenTree::Ident(_) | TokenTree::Literal(_))] => {
                Some(token.to_string()).filter(|text| !text.contains(['"', '\'']))
            }
            _ => None,
        };
        let quoted = format!("(\"{}\")", plain.as_deref().unwrap_or("..."));
        let right = self.row.spell_with(self.written, &quoted);
        // A single word has only lost its quotes; anything else may be another derive's grammar.
        let help = if plain.is_some() { format!("write `{right}`") } else { self.write(&right) };
        self.ctxt.error_help(&tokens, "expected a string", help);
        None
    }

    /// `("camelCase")`.
    pub(super) fn case(&self, rest: Rest) -> Option<Case> {
        let text = self.text(rest)?;
        let value = text.value();
        let known = Case::by_name(&value);
        if known.is_none() {
            let help = match suggest::nearest(&value, Case::names()) {
                Some(near) => format!("did you mean `\"{near}\"`?"),
                None => format!("expected {}", suggest::list(Case::names())),
            };
            self.ctxt.error_help(text, format_args!("unknown case `{value}`"), help);
        }
        known
    }

    /// `(2)`: a version. PyTorch counts from 1; a module that has no version has 1.
    pub(super) fn number(&self, rest: Rest) -> Option<Version> {
        let tokens = self.group(rest)?;
        self.version(self.row.name, &tokens)
    }

    /// The number of a version, which messages call `name`.
    pub(super) fn version(&self, name: &str, tokens: &TokenStream) -> Option<Version> {
        let Ok(literal) = syn::parse2::<LitInt>(tokens.clone()) else {
            let message = format!("expected a whole number, such as `{}`", self.spelling());
            self.ctxt.error(tokens, message);
            return None;
        };
        let digits = literal.base10_digits();
        if digits == "0" || digits.starts_with('-') {
            let message = format!("`{name}` must be at least 1");
            let help = "a module that sets no version has version 1, as in PyTorch";
            self.ctxt.error_help(tokens, message, help);
            return None;
        }
        match digits.parse::<u32>() {
            Ok(number) => Some(Version { number, at: literal }),
            Err(_) => {
                let message = format!("`{name}` must fit in a u32 (at most {})", u32::MAX);
                self.ctxt.error(tokens, message);
                None
            }
        }
    }

    /// `f3 = fc, "lm_head.weight" = "wte.weight"`. Keeps the good pairs beside a bad one.
    pub(super) fn aliases(&self, rest: Rest) -> Vec<(Name, Name)> {
        let Some(tokens) = self.group(rest) else { return Vec::new() };
        let items = items(&tokens);
        if !items.iter().any(|item| item.iter().any(is_equals)) {
            self.not_a_pair(&tokens);
            return Vec::new();
        }
        items.into_iter().filter_map(|item| self.alias(&item)).collect()
    }

    fn not_a_pair(&self, at: &TokenStream) {
        let message = "an alias needs a new name and what it stands for";
        self.ctxt.error_help(at, message, format_args!("write `{}`", self.spelling()));
    }

    fn alias(&self, item: &[TokenTree]) -> Option<(Name, Name)> {
        let Some(sign) = item.iter().position(is_equals) else {
            self.not_a_pair(&item.iter().cloned().collect());
            return None;
        };
        // One error for a pair: what is wrong with one side is mostly wrong with both.
        let name = self.name(&item[..sign], &item[sign])?;
        let target = self.name(&item[sign + 1..], &item[sign])?;
        Some((name, target))
    }

    /// The name in `alias(name)` of a field.
    pub(super) fn target(&self, rest: Rest) -> Option<Option<Name>> {
        if matches!(rest, Rest::Nothing) {
            return Some(None);
        }
        let tokens = visible(self.group(rest)?);
        if let Some(sign) = tokens.iter().find(|token| is_equals(token)) {
            let message = "on a field, an alias needs only what it stands for";
            let help = format!("write `{}`, or put the pair above the struct", self.spelling());
            self.ctxt.error_help(sign, message, help);
            return None;
        }
        let comma = TokenTree::from(proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone));
        self.name(&tokens, &comma).map(Some)
    }

    fn name(&self, tokens: &[TokenTree], sign: &TokenTree) -> Option<Name> {
        let at: TokenStream = tokens.iter().cloned().collect();
        if let [TokenTree::Ident(ident)] = tokens {
            return Some(Name::Ident(ident.clone()));
        }
        if let Ok(path) = syn::parse2::<LitStr>(at.clone()) {
            return Some(Name::Path(path));
        }
        let at = if tokens.is_empty() { sign.to_token_stream() } else { at };
        let dotted = tokens.iter().all(|token| match token {
            TokenTree::Punct(dot) => dot.as_char() == '.',
            TokenTree::Ident(_) | TokenTree::Literal(_) => true,
            TokenTree::Group(_) => false,
        });
        let help = if dotted && !tokens.is_empty() {
            let path: String = tokens.iter().map(ToString::to_string).collect();
            format!("write a path of keys as a string: `\"{path}\"`")
        } else {
            format!("write `{}`", self.spelling())
        };
        self.ctxt.error_help(at, "expected the name of a field, or a string", help);
        None
    }

    /// `(T: Bound, …)`.
    pub(super) fn predicates(&self, rest: Rest) -> Option<Vec<WherePredicate>> {
        let tokens = self.group(rest)?;
        let parser = Punctuated::<WherePredicate, Token![,]>::parse_terminated;
        match parser.parse2(tokens.clone()) {
            Ok(predicates) => Some(predicates.into_iter().collect()),
            Err(_) => {
                let message = match syn::parse2::<LitStr>(tokens.clone()) {
                    Ok(text) => {
                        let right =
                            self.row.spell_with(self.written, &format!("({})", text.value()));
                        format!("expected bounds without quotes: `{right}`")
                    }
                    Err(_) => format!("expected bounds, as in a `where`: `{}`", self.spelling()),
                };
                self.ctxt.error(tokens, message);
                None
            }
        }
    }

    /// `= path`.
    pub(super) fn path(&self, rest: Rest) -> Option<Path> {
        let (at, value) = match rest {
            Rest::Equals(_, value) if !value.is_empty() => (value.clone(), value),
            Rest::Nothing | Rest::Equals(..) => {
                self.ctxt.error(self.word, self.needs_a_value());
                return None;
            }
            Rest::Group(group) => {
                let right = self.row.spell_with(self.written, &format!(" = {}", group.stream()));
                let message = format!("expected `=` after `{}`", self.row.name);
                self.ctxt.error_help(group, message, format_args!("write `{right}`"));
                return None;
            }
        };
        if let Ok(path) = Path::parse_mod_style.parse2(value.clone()) {
            return Some(path);
        }
        let message = match syn::parse2::<Lit>(value) {
            Ok(Lit::Str(text)) => {
                let right = self.row.spell_with(self.written, &format!(" = {}", text.value()));
                format!("expected a path without quotes: `{right}`")
            }
            _ => format!(
                "expected a path, such as `{}`",
                match self.row.word {
                    Word::Crate => self.row.spell_with(self.written, " = ::statedict"),
                    _ => self.spelling(),
                }
            ),
        };
        self.ctxt.error(at, message);
        None
    }
}
