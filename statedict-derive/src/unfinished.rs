//! Items that cannot be parsed: those that are being typed.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Generics, Ident, Path, Result, Token, Visibility, WhereClause};

use crate::attr::{self, StructAttrs};
use crate::ctxt::Ctxt;
use crate::{fallback, runtime};

/// Writes an implementation that does nothing for an item that cannot be parsed, as far as its name can be told: or
/// every use of the type would be an error as well, and an editor would complete nothing.
///
/// The compiler has reported the syntax error, so it is not reported again. Should it ever accept what cannot be parsed
/// here, the implementation does not build.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let Ok(head) = Head::parse.parse2(tokens) else { return TokenStream::new() };
    let runtime = head.runtime();
    let unreadable = quote!(#runtime::__private::unreadable::<Self>(););
    fallback::implementation(&head.ident, &head.generics, &runtime, &unreadable)
}

/// The part of an item before its fields.
struct Head {
    attrs: Vec<Attribute>,
    ident: Ident,
    generics: Generics,
}

impl Head {
    fn parse(input: ParseStream<'_>) -> Result<Head> {
        let mut attrs = Vec::new();
        while input.peek(Token![#]) {
            let (sign, content): (TokenTree, TokenTree) = (input.parse()?, input.parse()?);
            // One that is unfinished itself says nothing.
            let tokens = [sign, content].into_iter().collect::<TokenStream>();
            attrs.extend(Attribute::parse_outer.parse2(tokens).unwrap_or_default());
        }
        input.parse::<Visibility>()?;
        if input.parse::<Option<Token![struct]>>()?.is_none() {
            input.parse::<Token![enum]>()?;
        }
        let ident = input.parse()?;
        let mut generics: Generics = input.parse()?;
        generics.where_clause = where_clause(input.parse()?);
        Ok(Head { attrs, ident, generics })
    }

    /// The path of the runtime crate.
    fn runtime(&self) -> Path {
        let ctxt = Ctxt::new();
        let attrs: StructAttrs = attr::read(&ctxt, &self.attrs, true);
        // Other mistakes are reported when the item is finished.
        let _ = ctxt.check();
        attrs.runtime.unwrap_or_else(runtime::path)
    }
}

/// The where-clause before the fields, or after those of a tuple struct.
fn where_clause(rest: TokenStream) -> Option<WhereClause> {
    let is_where = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "where");
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(end) => end.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
        _ => false,
    };
    let clause = rest.into_iter().skip_while(|token| !is_where(token));
    let clause: TokenStream = clause.take_while(|token| !is_end(token)).collect();
    syn::parse2(clause.into_token_stream()).ok()
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;

    /// Asserts that an item gives this many errors, and an implementation for `Net` whatever is wrong with it.
    fn assert_kept(item: &str, errors: usize) {
        let tokens: TokenStream = item.parse().unwrap_or_else(|_| panic!("{item}"));
        let expansion = crate::expand_tokens(tokens).to_string();
        assert_eq!(expansion.matches("compile_error !").count(), errors, "{item}\n{expansion}");
        let file: syn::File = syn::parse_str(&expansion).unwrap_or_else(|_| panic!("{expansion}"));
        let for_net = |item: &syn::Item| matches!(item, syn::Item::Verbatim(_));
        assert!(!file.items.iter().any(for_net));
        assert!(expansion.contains("StateDict for Net"), "{item}\n{expansion}");
    }

    #[test]
    fn an_unfinished_field_keeps_the_implementation_and_adds_no_error() {
        for fields in [
            "fc:",
            "fc",
            "fc: ,",
            "fc Linear",
            "fc: Linear head: Linear",
            "fc: Linear; head: Linear",
            "fc: Vec<",
            "fc: Vec<Linear",
            "fc: Box<dyn >",
            "fc: Box<dyn",
            "fc: [f32; ]",
            "fc: [f32;",
            "fc: &",
            "fc: &'a",
            "fc: Option<Box<>",
            "fc: std::",
            "fc: (Linear,",
            "fc: Linear, #[param]",
            "fc: Linear, #[param] pub",
            "#[param] weight: ,",
            "pub",
            "pub fc",
            "fc: Linear, pub(crate) head",
            "fc: impl",
            "fc: fn(",
            ":",
            "fc: Linear,, head: Linear",
            "let fc = 3;",
        ] {
            // A bracket that is not closed is no token tree.
            let opened = ['(', '['].iter().any(|open| {
                let close = if *open == '(' { ')' } else { ']' };
                fields.matches(*open).count() != fields.matches(close).count()
            });
            if !opened {
                assert_kept(&format!("pub struct Net {{ {fields} }}"), 0);
            }
        }
    }

    #[test]
    fn an_unfinished_item_keeps_what_comes_before_it() {
        for item in [
            "struct Net",
            "pub struct Net<T>",
            "struct Net<T, const N: usize = 3> { fc: }",
            "struct Net<'a, T: Clone = u8> where T: Copy { fc: }",
            "struct Net<T>(T, ) where T: Copy, fc",
            "enum Net { A(Linear) B }",
            "#[version(2)] #[doc = ] struct Net { fc: }",
            "#[derive(Debug)] #[state_dict(crate = ::renamed)] pub(crate) struct Net { fc: }",
        ] {
            assert_kept(item, 0);
        }
        let renamed = "#[state_dict(crate = ::renamed)] struct Net { fc: }";
        let expansion = crate::expand_tokens(renamed.parse().unwrap()).to_string();
        assert!(expansion.contains(":: renamed :: __private :: StateDict for Net"), "{expansion}");
        // Without a name there is nothing to implement.
        assert!(crate::expand_tokens("struct {".replace('{', "").parse().unwrap()).is_empty());
    }

    #[test]
    fn an_unfinished_attribute_is_one_error() {
        for attribute in [
            "rename",
            "rename()",
            "rename = ",
            "rename(old)",
            "renamed",
            "renamed()",
            "renamed(since)",
            "renamed(since = )",
            "renamed(since = 2)",
            "renamed(since = 2, )",
            "renamed(since = 2, from)",
            "renamed(since = 2, from = )",
            "renamed(from = )",
            "renamed(since = 2 from = \"x\")",
            "renamed(2, \"x\")",
            "since",
            "since()",
            "alias(\"\")",
            "persistent",
            "persistent()",
            "persistent(fal)",
            "param(",
            "state_dict",
            "state_dict()",
            "state_dict(para)",
            "state_dict(rename)",
            "state_dict(rename())",
        ] {
            if attribute.ends_with('(') || attribute.ends_with("= ") && !attribute.contains('(') {
                continue;
            }
            let item = format!("#[version(2)] struct Net {{ first: A, #[{attribute}] fc: B }}");
            assert_kept(&item, 1);
        }
        for attribute in [
            "version",
            "version()",
            "alias",
            "alias()",
            "alias(f3)",
            "alias(f3 = )",
            "alias( = fc)",
            "alias(\"f3\", \"fc\")",
            "alias(1 = 0)",
            "removed",
            "removed()",
            "removed(since)",
            "removed(since = )",
            "removed(since = 2)",
            "removed(since = 2, )",
            "removed(\"x\")",
            "removed(since = 2 \"x\")",
            "migrate",
            "migrate()",
            "migrate(to)",
            "migrate(to = )",
            "migrate(to = 2)",
            "migrate(to = 2, with)",
            "migrate(to = 2, with = )",
            "migrate(to = 2, with = Self::)",
            "migrate(2, f)",
            "migrate(to = 2 with = f)",
            "state_dict(crate)",
            "state_dict(crate = )",
            "state_dict(bound)",
            "state_dict(bound())",
            "state_dict(bound(T::))",
            "state_dict(pre_load = Self::)",
            "state_dict(post_load)",
            "rename_all",
            "rename_all()",
            "rename_all(\"\")",
        ] {
            let version = if attribute.starts_with("version") { "" } else { "#[version(2)]" };
            assert_kept(&format!("{version} #[{attribute}] struct Net {{ fc: A }}"), 1);
        }
    }
}
