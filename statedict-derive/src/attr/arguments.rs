//! Reads the attributes that take several arguments: a module's history.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Lit, LitStr, Path};

use super::parts::{Value, Version, items};
use super::value::Reader;
use crate::suggest;

/// What stands between the commas, sorted.
#[derive(Default)]
struct Arguments {
    /// `name = value`.
    named: Vec<(Ident, TokenStream)>,
    /// `value`.
    plain: Vec<TokenStream>,
}

impl Reader<'_> {
    /// `since = 2, from = "old"`.
    pub(super) fn renamed(&self, word: &Ident, tokens: &TokenStream) -> Option<Value> {
        let mut arguments = self.arguments(tokens, &["since", "from"], false)?;
        let since = self.version_of(word, &mut arguments, "since");
        let from = self
            .named(word, &mut arguments, "from")
            .and_then(|value| self.string(&value, "from = \"...\""));
        Some(Value::Renamed(since?, from?))
    }

    /// `since = 2, "old", …`.
    pub(super) fn removed(&self, word: &Ident, tokens: &TokenStream) -> Option<Value> {
        let mut arguments = self.arguments(tokens, &["since"], true)?;
        let since = self.version_of(word, &mut arguments, "since");
        if arguments.plain.is_empty() {
            let message = format!("`{word}` names nothing that was removed");
            let help = format!("write `{}`", self.spelling());
            self.ctxt.error_help(word, message, help);
            return None;
        }
        let names: Vec<Option<LitStr>> =
            arguments.plain.iter().map(|value| self.string(value, "\"...\"")).collect();
        let names: Option<Vec<LitStr>> = names.into_iter().collect();
        Some(Value::Removed(since?, names?))
    }

    /// `to = 2, with = path`.
    pub(super) fn migrate(&self, word: &Ident, tokens: &TokenStream) -> Option<Value> {
        let mut arguments = self.arguments(tokens, &["to", "with"], false)?;
        let to = self.version_of(word, &mut arguments, "to");
        let with = self.named(word, &mut arguments, "with").and_then(|value| self.step(&value));
        Some(Value::Migrate(to?, with?))
    }

    /// Sorts the arguments; those that may not be there are reported.
    fn arguments(&self, tokens: &TokenStream, names: &[&str], plain: bool) -> Option<Arguments> {
        let mut arguments = Arguments::default();
        let mut good = true;
        for item in items(tokens) {
            match &item[..] {
                [TokenTree::Ident(name), TokenTree::Punct(sign), value @ ..]
                    if sign.as_char() == '=' =>
                {
                    good &= self.known(name, names, &arguments);
                    arguments.named.push((name.clone(), value.iter().cloned().collect()));
                }
                value if plain => arguments.plain.push(value.iter().cloned().collect()),
                value => {
                    let at: TokenStream = value.iter().cloned().collect();
                    let message = "expected `name = value`";
                    self.ctxt.error_help(at, message, format_args!("write `{}`", self.spelling()));
                    good = false;
                }
            }
        }
        good.then_some(arguments)
    }

    fn known(&self, name: &Ident, names: &[&str], earlier: &Arguments) -> bool {
        let text = name.to_string();
        if earlier.named.iter().any(|(earlier, _)| *earlier == text) {
            let message = format!("duplicate argument `{name}`");
            self.ctxt.error_help(name, message, "remove one of the two");
            return false;
        }
        if names.contains(&text.as_str()) {
            return true;
        }
        let help = match suggest::nearest(&text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write `{}`", self.spelling()),
        };
        let message = format!("`{}` has no argument `{name}`", self.row.name);
        self.ctxt.error_help(name, message, help);
        false
    }

    fn named(&self, word: &Ident, arguments: &mut Arguments, name: &str) -> Option<TokenStream> {
        let found = arguments.named.iter().position(|(found, _)| found == name);
        match found.map(|at| arguments.named.swap_remove(at)) {
            Some((name, value)) if value.is_empty() => {
                let message = format!("`{name}` needs a value");
                self.ctxt.error_help(name, message, format_args!("write `{}`", self.spelling()));
                None
            }
            Some((_, value)) => Some(value),
            None => {
                let message = format!("`{word}` needs `{name}`");
                self.ctxt.error_help(word, message, format_args!("write `{}`", self.spelling()));
                None
            }
        }
    }

    fn version_of(&self, word: &Ident, arguments: &mut Arguments, name: &str) -> Option<Version> {
        let value = self.named(word, arguments, name)?;
        self.version(name, &value)
    }

    fn string(&self, value: &TokenStream, right: &str) -> Option<LitStr> {
        match syn::parse2::<LitStr>(value.clone()) {
            Ok(text) => Some(text),
            Err(_) => {
                let help = format!("write the name in quotes: `{right}`");
                self.ctxt.error_help(value, "expected a string", help);
                None
            }
        }
    }

    /// The path of a function, which may have generic arguments.
    fn step(&self, value: &TokenStream) -> Option<Path> {
        if let Ok(path) = Parser::parse2(
            |input: syn::parse::ParseStream<'_>| input.call(Path::parse_mod_style),
            value.clone(),
        ) {
            return Some(path);
        }
        if let Ok(path) = syn::parse2::<Path>(value.clone()) {
            return Some(path);
        }
        match syn::parse2::<Lit>(value.clone()) {
            Ok(Lit::Str(text)) => {
                let message = format!("expected a path without quotes: `with = {}`", text.value());
                self.ctxt.error(value, message);
            }
            _ => {
                let help = "name a function: `fn(&mut Migration<'_>) -> Result<(), MigrateError>`";
                self.ctxt.error_help(
                    value.to_token_stream(),
                    "expected the path of a function",
                    help,
                );
            }
        }
        None
    }
}
