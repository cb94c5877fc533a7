//! The runtime crate is built in layers, and each file uses only its own and those below it.
//!
//! The table is the rule; ARCHITECTURE.md says why. A new module gets a place in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The modules directly under the crate, lowest layer first.
const LAYERS: &[&[&str]] = &[
    &["dtype", "huge_pages", "json", "key", "line", "ordered", "parallel", "streaming"],
    &["tensor"],
    &["metadata", "map", "value"],
    &["mapping"],
    // Bytes to values and back; knows no model.
    &["codec"],
    &["migration"],
    &["extra_state", "traits", "visit", "schema"],
    // What implements the traits.
    &["impls", "leaves"],
    &["collect", "load"],
    // The errors of the stages below it.
    &["error"],
    &["checkpoint", "save"],
    &["files"],
    &["state_dict_ext"],
    &["adapters", "hub", "testing"],
];

/// Files that name things of all layers: the doors, and the sum of all errors.
const EXEMPT: &[&str] = &["lib.rs", "private.rs", "error.rs"];

/// Macros that are exported, which puts them right under the crate wherever they are written.
const MACROS: &[&str] = &["__conformance", "__properties"];

#[test]
fn files_use_only_their_layer_and_those_below() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../statedict/src");
    let reexports = reexports(&tokens(&source.join("lib.rs")));
    let mut files = Vec::new();
    collect(&source, &mut Vec::new(), &mut files);

    let mut problems = Vec::new();
    let mut uses = 0;
    for (path, module) in &files {
        let name = path.strip_prefix(&source).expect("inside").display().to_string();
        let Some(own) = module.first().filter(|_| !EXEMPT.contains(&name.as_str())) else {
            continue;
        };
        let Some(layer) = layer(own) else {
            problems.push(format!("{name}: module `{own}` has no place in the table of layers"));
            continue;
        };
        let mut names = Vec::new();
        crate_names(&tokens(path), module.len(), &mut names);
        for used in names.into_iter().filter(|name| !MACROS.contains(&name.as_str())) {
            uses += 1;
            let target = reexports.get(&used).unwrap_or(&used);
            match self::layer(target) {
                Some(below) if below <= layer => {}
                Some(_) => problems.push(format!("{name}: uses `{target}` of a layer above it")),
                None => problems.push(format!("{name}: cannot tell where `crate::{used}` is from")),
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // What is not seen cannot be wrong: both numbers only ever grow.
    assert!(files.len() >= 15 && uses >= 12, "saw {} files and {uses} uses", files.len());
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The files under `folder` but tests', with the paths of their modules: none for `lib.rs`.
fn collect(folder: &Path, module: &mut Vec<String>, files: &mut Vec<(PathBuf, Vec<String>)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(stem);
            collect(&path, module, files);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") && stem != "tests" {
            let mut module = module.clone();
            if !matches!(stem.as_str(), "lib" | "mod") {
                module.push(stem);
            }
            files.push((path, module));
        }
    }
}

fn tokens(path: &Path) -> Vec<TokenTree> {
    let text = fs::read_to_string(path).expect("a source file");
    let tokens: Result<TokenStream, _> = text.parse();
    tokens.unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_iter().collect()
}

/// What `lib.rs` makes of other modules its own: `crate::StateMap` is `map`'s.
fn reexports(tokens: &[TokenTree]) -> BTreeMap<String, String> {
    let mut modules = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(module) = tokens.get(at + 1).filter(|_| is_ident(token, "use")).and_then(ident)
        else {
            continue;
        };
        let statement: Vec<_> =
            tokens[at + 1..].iter().take_while(|token| !is_punct(token, ';')).cloned().collect();
        // Other crates' names are no layer's, even where one of ours has the same.
        for name in leaves(&statement).into_iter().filter(|_| layer(&module).is_some()) {
            modules.insert(name, module.clone());
        }
    }
    modules
}

/// The names at the ends of a `use` tree: those that no `::` and no `as` follow.
fn leaves(tree: &[TokenTree]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, token) in tree.iter().enumerate() {
        let next = tree.get(at + 1);
        match token {
            TokenTree::Group(group) => {
                names.extend(leaves(&group.stream().into_iter().collect::<Vec<_>>()));
            }
            _ if next.is_none_or(|next| is_punct(next, ',')) => names.extend(ident(token)),
            _ => {}
        }
    }
    names
}

/// The names right under the crate that the tokens of a module `depth` levels deep use: after
/// `crate::`, and after as many `super::` as lead there. Tests may use what they like.
fn crate_names(tokens: &[TokenTree], depth: usize, names: &mut Vec<String>) {
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                let body = tokens.get(at + 2).and_then(braces);
                if let Some(body) = body {
                    if !is_test_only(&tokens[..at]) {
                        crate_names(&body, depth + 1, names);
                    }
                    at += 2;
                }
            }
            // `$crate` is what a macro's user sees, and `pub(crate)` no path.
            TokenTree::Ident(word)
                if word == "crate" && !before.is_some_and(|before| is_punct(before, '$')) =>
            {
                first_names(&tokens[at + 1..], names);
            }
            TokenTree::Ident(word) if word == "super" => {
                let mut levels = 1;
                while is_path(&tokens[at + 1..])
                    && tokens.get(at + 3).is_some_and(|token| is_ident(token, "super"))
                {
                    levels += 1;
                    at += 3;
                }
                if levels >= depth {
                    first_names(&tokens[at + 1..], names);
                }
            }
            TokenTree::Group(group) => {
                crate_names(&group.stream().into_iter().collect::<Vec<_>>(), depth, names);
            }
            _ => {}
        }
        at += 1;
    }
}

/// The first names of the paths that go on with `rest`: `::a::b` or `::{a, b::c}`.
fn first_names(rest: &[TokenTree], names: &mut Vec<String>) {
    if !is_path(rest) {
        return;
    }
    match rest.get(2) {
        Some(TokenTree::Group(group)) => {
            let tree: Vec<_> = group.stream().into_iter().collect();
            names.extend(
                tree.split(|token| is_punct(token, ','))
                    .filter_map(|path| path.first())
                    .map(ToString::to_string),
            );
        }
        Some(token) => names.push(token.to_string()),
        None => {}
    }
}

/// Whether what comes right before `mod` is `#[cfg(test)]`.
fn is_test_only(before: &[TokenTree]) -> bool {
    match before {
        [.., hash, attribute @ TokenTree::Group(_)] if is_punct(hash, '#') => {
            attribute.to_string().replace(' ', "") == "[cfg(test)]"
        }
        _ => false,
    }
}

fn is_path(rest: &[TokenTree]) -> bool {
    matches!(rest, [first, second, ..] if is_punct(first, ':') && is_punct(second, ':'))
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn is_ident(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn ident(token: &TokenTree) -> Option<String> {
    if let TokenTree::Ident(ident) = token { Some(ident.to_string()) } else { None }
}

fn braces(token: &TokenTree) -> Option<Vec<TokenTree>> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

#[test]
fn uses_are_found_wherever_they_stand() {
    let source = r#"
        use crate::dtype::DType;
        use crate::{key, map::{StateMap, Other}};
        use super::super::traits::Tensor;
        use super::inside;
        pub(crate) fn f(_: &crate::visit::Visitor) -> &str { "crate::not_this" } // nor crate::this
        macro_rules! m { () => { $crate::nor_this } }
        mod inner { use super::super::super::load::x; use super::super::inside; }
        #[cfg(test)]
        mod tests { use crate::above; }
    "#;
    let tokens: Vec<_> = source.parse::<TokenStream>().expect("Rust").into_iter().collect();
    let mut names = Vec::new();
    crate_names(&tokens, 2, &mut names);
    assert_eq!(names, ["dtype", "key", "map", "traits", "visit", "load"]);

    let door: TokenStream = "pub use map::B; pub use key::{D, e::{F, G as H}}; pub use other::D;"
        .parse()
        .expect("Rust");
    let door = reexports(&door.into_iter().collect::<Vec<_>>());
    let door: Vec<_> = door.iter().map(|(name, module)| format!("{name} {module}")).collect();
    assert_eq!(door, ["B map", "D key", "F key", "H key"]);
}
