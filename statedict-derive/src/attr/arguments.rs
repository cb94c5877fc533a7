//! Reads the attributes that take several arguments: a module's history.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Lit, LitStr, Path};

use super::parts::{Migrate, Removed, Renamed, Rest, Version, items};
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

impl Arguments {
    fn take(&mut self, name: &str) -> Option<TokenStream> {
        let at = self.named.iter().position(|(found, _)| found == name)?;
        Some(self.named.swap_remove(at).1)
    }
}

impl Reader<'_> {
    /// `since = 2, from = "old"`.
    pub(super) fn renamed(&self, rest: Rest) -> Option<Renamed> {
        let tokens = self.group(rest)?;
        let mut arguments = self.arguments(&tokens, &["since", "from"], false)?;
        self.all_there(&arguments, &["since", "from"])?;
        let since = self.version_of(&mut arguments, "since");
        let from = arguments.take("from").and_then(|value| self.string(&value, "from = \"...\""));
        Some(Renamed { word: self.word.clone(), since: since?, from: from? })
    }

    /// `since = 2, "old", …`.
    pub(super) fn removed(&self, rest: Rest) -> Option<Removed> {
        let tokens = self.group(rest)?;
        let mut arguments = self.arguments(&tokens, &["since"], true)?;
        self.all_there(&arguments, &["since"])?;
        let since = self.version_of(&mut arguments, "since");
        if since.is_some() && arguments.plain.is_empty() {
            let message = format!("`{}` names nothing that was removed", self.word);
            let help = format!("write `{}`", self.spelling());
            self.ctxt.error_help(self.word, message, help);
            return None;
        }
        let names: Vec<Option<LitStr>> =
            arguments.plain.iter().map(|value| self.string(value, "\"...\"")).collect();
        let names: Option<Vec<LitStr>> = names.into_iter().collect();
        Some(Removed { word: self.word.clone(), since: since?, names: names? })
    }

    /// `to = 2, with = path`.
    pub(super) fn migrate(&self, rest: Rest) -> Option<Migrate> {
        let tokens = self.group(rest)?;
        let mut arguments = self.arguments(&tokens, &["to", "with"], false)?;
        self.all_there(&arguments, &["to", "with"])?;
        let to = self.version_of(&mut arguments, "to");
        let with = arguments.take("with").and_then(|value| self.step(&value));
        Some(Migrate { word: self.word.clone(), to: to?, with: with? })
    }

    /// Sorts the arguments; the first that may not be there is reported.
    fn arguments(&self, tokens: &TokenStream, names: &[&str], plain: bool) -> Option<Arguments> {
        let mut arguments = Arguments::default();
        for item in items(tokens) {
            match &item[..] {
                [TokenTree::Ident(name), TokenTree::Punct(sign), value @ ..]
                    if sign.as_char() == '=' =>
                {
                    if !self.known(name, names, &arguments) {
                        return None;
                    }
                    self.no_comma(value, names)?;
                    arguments.named.push((name.clone(), value.iter().cloned().collect()));
                }
                value if plain => {
                    self.no_comma(value, names)?;
                    arguments.plain.push(value.iter().cloned().collect());
                }
                value => {
                    let at: TokenStream = value.iter().cloned().collect();
                    let message = "expected `name = value`";
                    self.ctxt.error_help(at, message, format_args!("write `{}`", self.spelling()));
                    return None;
                }
            }
        }
        Some(arguments)
    }

    /// Reports a value that goes on with the next argument.
    fn no_comma(&self, value: &[TokenTree], names: &[&str]) -> Option<()> {
        let is_next = |token: &&TokenTree| match token {
            TokenTree::Ident(name) => names.iter().any(|known| name == known),
            TokenTree::Literal(text) => text.to_string().starts_with('"'),
            TokenTree::Group(_) | TokenTree::Punct(_) => false,
        };
        match value.iter().skip(1).find(is_next) {
            Some(next) => {
                let message = format!("expected `,` before `{next}`");
                self.ctxt.error_help(next, message, format_args!("write `{}`", self.spelling()));
                None
            }
            None => Some(()),
        }
    }

    /// Reports the first of `names` that has no value.
    fn all_there(&self, arguments: &Arguments, names: &[&str]) -> Option<()> {
        for &name in names {
            let found = arguments.named.iter().find(|(found, _)| found == name);
            let (at, message) = match found {
                Some((at, value)) if value.is_empty() => (at, format!("`{name}` needs a value")),
                Some(_) => continue,
                None => (self.word, format!("`{}` needs `{name}`", self.word)),
            };
            self.ctxt.error_help(at, message, format_args!("write `{}`", self.spelling()));
            return None;
        }
        Some(())
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

    fn version_of(&self, arguments: &mut Arguments, name: &str) -> Option<Version> {
        let value = arguments.take(name)?;
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
