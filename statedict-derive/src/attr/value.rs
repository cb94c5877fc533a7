//! Reads what follows an attribute's word, in the form that the table asks for.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Lit, LitBool, LitInt, LitStr, Path, Token, WherePredicate};

use super::parts::{Name, Rest, Value, Version, items, visible};
use crate::ctxt::Ctxt;
use crate::spec::{Form, Row, Word, Written};

/// Reads the value of one attribute; a mistake is reported, and gives `None`.
pub(super) struct Reader<'c> {
    pub(super) ctxt: &'c Ctxt,
    pub(super) row: &'static Row,
    pub(super) written: Written,
}

impl Reader<'_> {
    pub(super) fn value(&self, word: &Ident, rest: Rest) -> Option<Value> {
        match self.row.form {
            Form::Flag => self.flag(rest),
            Form::Path => self.path(word, rest),
            Form::Target if matches!(rest, Rest::Nothing) => Some(Value::Target(None)),
            form => {
                let group = self.group(word, rest)?;
                let tokens: TokenStream = visible(group.stream()).into_iter().collect();
                match form {
                    Form::Bool => self.bool(&tokens),
                    Form::Text => self.text(&tokens),
                    Form::Number => self.number(&tokens),
                    Form::Aliases => self.aliases(&tokens),
                    Form::Target => self.target(&tokens),
                    Form::Renamed => self.renamed(word, &tokens),
                    Form::Removed => self.removed(word, &tokens),
                    Form::Migrate => self.migrate(word, &tokens),
                    Form::Flag | Form::Path | Form::Predicates => self.predicates(tokens),
                }
            }
        }
    }

    pub(super) fn spelling(&self) -> String {
        self.row.spell(self.written)
    }

    fn flag(&self, rest: Rest) -> Option<Value> {
        let at = match rest {
            Rest::Nothing => return Some(Value::Flag),
            Rest::Group(group) => group.into_token_stream(),
            Rest::Equals(sign, value) => [sign].into_iter().chain(value).collect(),
        };
        let help = self.write(&self.spelling());
        self.ctxt.error_help(at, format_args!("`{}` takes no value", self.row.name), help);
        None
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
    fn group(&self, word: &Ident, rest: Rest) -> Option<Group> {
        match rest {
            Rest::Group(group) if !group.stream().is_empty() => Some(group),
            Rest::Group(group) => {
                self.ctxt.error(group, self.needs_a_value());
                None
            }
            Rest::Nothing => {
                self.ctxt.error(word, self.needs_a_value());
                None
            }
            Rest::Equals(sign, value) => {
                let right = self.row.spell_with(self.written, &format!("({value})"));
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

    fn bool(&self, tokens: &TokenStream) -> Option<Value> {
        match syn::parse2::<LitBool>(tokens.clone()) {
            Ok(bool) => Some(Value::Bool(bool.value)),
            Err(_) => {
                let help = format!("a buffer that is not saved is marked `{}`", self.spelling());
                self.ctxt.error_help(tokens, "expected `true` or `false`", help);
                None
            }
        }
    }

    fn text(&self, tokens: &TokenStream) -> Option<Value> {
        if let Ok(text) = syn::parse2::<LitStr>(tokens.clone()) {
            return Some(Value::Text(text));
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
        self.ctxt.error_help(tokens, "expected a string", help);
        None
    }

    /// A version. PyTorch counts from 1; a module that has no version has 1.
    fn number(&self, tokens: &TokenStream) -> Option<Value> {
        let number = self.version(self.row.name, tokens)?;
        Some(Value::Number(number.number, number.at))
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
    fn aliases(&self, tokens: &TokenStream) -> Option<Value> {
        let pairs = items(tokens).into_iter().filter_map(|item| self.alias(&item)).collect();
        Some(Value::Aliases(pairs))
    }

    fn alias(&self, item: &[TokenTree]) -> Option<(Name, Name)> {
        let sign = item
            .iter()
            .position(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '='));
        let Some(sign) = sign else {
            let at: TokenStream = item.iter().cloned().collect();
            let message = "an alias needs a new name and what it stands for";
            self.ctxt.error_help(&at, message, format_args!("write `{}`", self.spelling()));
            return None;
        };
        let name = self.name(&item[..sign], &item[sign]);
        let target = self.name(&item[sign + 1..], &item[sign]);
        Some((name?, target?))
    }

    /// The name in `alias(name)` of a field.
    fn target(&self, tokens: &TokenStream) -> Option<Value> {
        let tokens = visible(tokens.clone());
        if let Some(sign) = tokens
            .iter()
            .find(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '='))
        {
            let message = "on a field, an alias needs only what it stands for";
            let help = format!("write `{}`, or put the pair above the struct", self.spelling());
            self.ctxt.error_help(sign, message, help);
            return None;
        }
        let comma = TokenTree::from(proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone));
        self.name(&tokens, &comma).map(|name| Value::Target(Some(name)))
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

    fn predicates(&self, tokens: TokenStream) -> Option<Value> {
        let parser = Punctuated::<WherePredicate, Token![,]>::parse_terminated;
        match parser.parse2(tokens.clone()) {
            Ok(predicates) => Some(Value::Predicates(predicates.into_iter().collect())),
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

    fn path(&self, word: &Ident, rest: Rest) -> Option<Value> {
        let (at, value) = match rest {
            Rest::Equals(_, value) if !value.is_empty() => (value.clone(), value),
            Rest::Nothing | Rest::Equals(..) => {
                self.ctxt.error(word, self.needs_a_value());
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
            return Some(Value::Path(path));
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
