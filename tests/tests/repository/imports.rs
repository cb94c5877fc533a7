//! Which file of a crate uses which: its `use`s and its paths, followed through re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's path from the crate's root; empty for the root.
pub(crate) type Module = Vec<String>;

/// A source file that is not tests'.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) module: Module,
    tokens: Vec<TokenTree>,
}

/// The files of one crate, and what each uses of the others.
pub(crate) struct Crate {
    pub(crate) files: Vec<File>,
    /// The file of each module.
    places: BTreeMap<Module, usize>,
    /// The names that a module makes its own by `pub use`, and where they come from.
    reexports: BTreeMap<(Module, String), Module>,
}

impl Crate {
    /// Reads the sources under `folder`.
    pub(crate) fn read(folder: &Path) -> Crate {
        let mut sources = Vec::new();
        collect(folder, &mut Vec::new(), &mut sources);
        sources.sort();
        Crate::of(sources)
    }

    /// Takes files as their paths below `src` and their texts.
    pub(crate) fn of(sources: Vec<(String, String)>) -> Crate {
        let files: Vec<File> = sources
            .into_iter()
            .map(|(name, text)| {
                let tokens = match text.parse::<TokenStream>() {
                    Ok(tokens) => tokens.into_iter().collect(),
                    Err(error) => panic!("{name}: {error}"),
                };
                File { module: module_of(&name), name, tokens }
            })
            .collect();
        let places = files.iter().enumerate().map(|(at, file)| (file.module.clone(), at)).collect();
        let mut all = Crate { files, places, reexports: BTreeMap::new() };
        for at in 0..all.files.len() {
            let mut uses = Uses { all: &all, within: all.files[at].module.clone(), found: vec![] };
            uses.tokens(&all.files[at].tokens.clone());
            let module = all.files[at].module.clone();
            let public: Vec<_> = uses.found.into_iter().filter(|used| used.is_reexport).collect();
            for used in public {
                let name = used.name.clone().or_else(|| used.path.last().cloned());
                if let Some(name) = name {
                    all.reexports.insert((module.clone(), name), used.path);
                }
            }
        }
        all
    }

    /// The paths from the crate's root that the file `at` uses, re-exports aside.
    pub(crate) fn uses(&self, at: usize) -> Vec<Module> {
        let file = &self.files[at];
        let mut uses = Uses { all: self, within: file.module.clone(), found: Vec::new() };
        uses.tokens(&file.tokens);
        uses.found.into_iter().filter(|used| !used.is_reexport).map(|used| used.path).collect()
    }

    /// The file that a path leads to, through the modules that hand names on.
    pub(crate) fn file_of(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        // As many steps as there can be hands; a circle of re-exports does not compile.
        for _ in 0..16 {
            let known =
                (0..=path.len()).rev().find(|&len| self.places.contains_key(&path[..len]))?;
            let Some(name) = path.get(known) else { break };
            match self.reexports.get(&(path[..known].to_vec(), name.clone())) {
                Some(origin) => {
                    let rest = path.split_off(known + 1);
                    path = origin.iter().cloned().chain(rest).collect();
                }
                None => break,
            }
        }
        let known = (0..=path.len()).rev().find(|&len| self.places.contains_key(&path[..len]))?;
        self.places.get(&path[..known]).copied()
    }

    /// The files that each file uses, itself not among them.
    pub(crate) fn arrows(&self) -> Vec<BTreeSet<usize>> {
        (0..self.files.len())
            .map(|at| {
                let uses = self.uses(at);
                uses.iter().filter_map(|path| self.file_of(path)).filter(|&to| to != at).collect()
            })
            .collect()
    }
}

/// One name that a file uses.
struct Used {
    path: Module,
    /// The name that `as` gives it.
    name: Option<String>,
    is_reexport: bool,
}

struct Uses<'c> {
    all: &'c Crate,
    within: Module,
    found: Vec<Used>,
}

impl Uses<'_> {
    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            match &tokens[at] {
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(body) = tokens.get(at + 2).and_then(braces) {
                        if !is_test_only(&tokens[..at]) {
                            let name = tokens[at + 1].to_string();
                            self.within.push(name);
                            self.tokens(&body);
                            self.within.pop();
                        }
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let len = tokens[at..].iter().take_while(|token| !is_punct(token, ';')).count();
                    let is_reexport = is_public(&tokens[..at]);
                    self.tree(&Vec::new(), &tokens[at + 1..at + len], is_reexport);
                    at += len;
                }
                // `$crate` is what a macro's user sees, and `pub(crate)` is no path.
                TokenTree::Ident(word)
                    if ["crate", "self", "super"].iter().any(|root| word == root)
                        && !before.is_some_and(|before| is_punct(before, '$'))
                        && is_path(&tokens[at + 1..]) =>
                {
                    let mut path = vec![word.to_string()];
                    while is_path(&tokens[at + 1..]) {
                        let Some(name) = tokens.get(at + 3).and_then(ident) else { break };
                        path.push(name);
                        at += 3;
                    }
                    self.add(&path, None, false);
                }
                // `pub(in crate::a)` is no use of `a`.
                TokenTree::Group(_) if before.and_then(ident).as_deref() == Some("pub") => {}
                TokenTree::Group(group) => {
                    self.tokens(&group.stream().into_iter().collect::<Vec<_>>());
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Adds the names of a `use` tree below `prefix`.
    fn tree(&mut self, prefix: &Module, tree: &[TokenTree], is_reexport: bool) {
        for branch in tree.split(|token| is_punct(token, ',')) {
            let mut path = prefix.clone();
            let mut name = None;
            let mut rest = branch.iter();
            while let Some(token) = rest.next() {
                match token {
                    TokenTree::Ident(word) if word == "as" => name = rest.next().and_then(ident),
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Group(group) => {
                        let inner: Vec<_> = group.stream().into_iter().collect();
                        self.tree(&path, &inner, is_reexport);
                        path.clear();
                    }
                    _ => {}
                }
            }
            if !path.is_empty() {
                self.add(&path, name, is_reexport);
            }
        }
    }

    fn add(&mut self, path: &[String], name: Option<String>, is_reexport: bool) {
        let mut from = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.within.clone(),
            // A child module's name; another crate's is nobody's here.
            child => {
                let mut module = self.within.clone();
                module.push(child.to_owned());
                if !self.all.places.contains_key(&module) {
                    return;
                }
                self.within.clone()
            }
        };
        for word in path {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => drop(from.pop()),
                word => from.push(word.to_owned()),
            }
        }
        self.found.push(Used { path: from, name, is_reexport });
    }
}

/// The files under `folder` but tests', as paths below it, with their texts.
fn collect(folder: &Path, above: &mut Vec<String>, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            above.push(name);
            collect(&path, above, sources);
            above.pop();
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).expect("UTF-8");
            let name = above.iter().map(String::as_str).chain([name.as_str()]);
            sources.push((name.collect::<Vec<_>>().join("/"), text));
        }
    }
}

fn module_of(name: &str) -> Module {
    let mut module: Module = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        module.pop();
    }
    module
}

/// Returns `true` if what comes right before `mod` is `#[cfg(test)]`.
fn is_test_only(before: &[TokenTree]) -> bool {
    match before {
        [.., hash, attribute @ TokenTree::Group(_)] if is_punct(hash, '#') => {
            attribute.to_string().replace(' ', "") == "[cfg(test)]"
        }
        _ => false,
    }
}

/// Returns `true` if what comes right before `use` is `pub`, or `pub(…)`.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., word] if ident(word).as_deref() == Some("pub") => true,
        [.., word, TokenTree::Group(_)] => ident(word).as_deref() == Some("pub"),
        _ => false,
    }
}

fn is_path(rest: &[TokenTree]) -> bool {
    matches!(rest, [first, second, ..] if is_punct(first, ':') && is_punct(second, ':'))
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
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
