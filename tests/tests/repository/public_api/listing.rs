//! The public items of a crate, without bodies and docs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, TraitItem, UseTree, Visibility};

use super::sources::{ModulePath, Sources, Target, attributes_of, collect, name_of};

/// The public items of each public module.
pub(super) struct Listing<'s> {
    sources: &'s Sources,
    /// The items of each public path of a module.
    modules: BTreeMap<String, Vec<Item>>,
    /// The other public paths, and what they lead to.
    also: BTreeMap<String, String>,
    /// Where each item is first met.
    found: BTreeMap<Target, String>,
    /// The crates whose names are in public items, and the first of those.
    pub(super) foreign: BTreeMap<String, String>,
    /// The names directly under the crate.
    pub(super) root: BTreeSet<String>,
}

impl<'s> Listing<'s> {
    pub(super) fn of(sources: &'s Sources) -> Self {
        let mut listing = Listing {
            sources,
            modules: BTreeMap::new(),
            also: BTreeMap::new(),
            found: BTreeMap::new(),
            foreign: BTreeMap::new(),
            root: BTreeSet::new(),
        };
        // Breadth first: what has several paths is listed under the shortest.
        let mut waiting = VecDeque::from([(String::from("statedict"), ModulePath::new())]);
        while let Some((path, module)) = waiting.pop_front() {
            listing.module(&path, &module, &mut waiting);
        }
        listing
    }

    fn module(
        &mut self,
        path: &str,
        module: &ModulePath,
        waiting: &mut VecDeque<(String, ModulePath)>,
    ) {
        let sources = self.sources;
        for item in &sources.modules[module].items {
            if !is_public(item) || is_hidden(attributes_of(item)) {
                continue;
            }
            let names: Vec<(String, Option<Target>)> = match item {
                Item::Use(item) => exported(&item.tree)
                    .into_iter()
                    .map(|(name, origin)| (name, sources.resolve(module, &origin)))
                    .collect(),
                Item::Mod(item) => {
                    let inside = module.iter().cloned().chain([item.ident.to_string()]).collect();
                    vec![(item.ident.to_string(), Some(Target::Module(inside)))]
                }
                _ => {
                    let Some(name) = name_of(item) else { continue };
                    vec![(name.clone(), Some(Target::Item(module.clone(), name)))]
                }
            };
            for (name, target) in names {
                if module.is_empty() {
                    self.root.insert(name.clone());
                }
                let public = format!("{path}::{name}");
                let target = target.unwrap_or_else(|| panic!("{public} leads nowhere"));
                if let Some(first) = self.found.get(&target) {
                    self.also.insert(public, first.clone());
                    continue;
                }
                self.found.insert(target.clone(), public.clone());
                match target {
                    Target::Module(inside) => waiting.push_back((public, inside)),
                    Target::Item(home, name) => self.item(path, &home, &name),
                    Target::Foreign(origin) => drop(self.also.insert(public, origin.join("::"))),
                }
            }
        }
    }

    /// Lists an item, and what is implemented for it.
    fn item(&mut self, path: &str, home: &ModulePath, name: &str) {
        let sources = self.sources;
        let mut listed = Vec::new();
        for item in &sources.modules[home].items {
            if name_of(item).as_deref() == Some(name) {
                listed.push((home.clone(), without_bodies(item)));
            }
        }
        if listed.is_empty() {
            // A macro makes it.
            let makers = sources.modules[home].items.iter().filter(|item| match item {
                Item::Macro(item) => item.ident.is_none() && mentions(&item.mac.tokens, name),
                _ => false,
            });
            listed.extend(makers.map(|item| (home.clone(), item.clone())));
        }
        let target = Target::Item(home.clone(), name.to_owned());
        for (module, content) in &sources.modules {
            for item in &content.items {
                let Item::Impl(item) = item else { continue };
                let Some(of) = path_of(&item.self_ty) else { continue };
                if sources.resolve(module, &of) == Some(target.clone()) {
                    listed.extend(public_part(item).map(|item| (module.clone(), Item::Impl(item))));
                }
            }
        }
        for (module, item) in &listed {
            self.note_foreign(module, item, &format!("{path}::{name}"));
        }
        let items = self.modules.entry(path.to_owned()).or_default();
        items.extend(listed.into_iter().map(|(_, item)| item));
    }

    /// Notes the crates whose names are in a public item.
    fn note_foreign(&mut self, module: &ModulePath, item: &Item, public: &str) {
        let mut names = BTreeSet::new();
        first_names(item.to_token_stream(), &mut names);
        for name in names {
            let resolved = self.sources.resolve(module, std::slice::from_ref(&name));
            if let Some(Target::Foreign(origin)) = resolved {
                let imported = origin.len() > 1 || KNOWN_CRATES.contains(&origin[0].as_str());
                if imported && !["std", "core", "alloc"].contains(&origin[0].as_str()) {
                    self.foreign.entry(origin[0].clone()).or_insert_with(|| public.to_owned());
                }
            }
        }
    }
}

/// The crates that are named without an import.
const KNOWN_CRATES: &[&str] = &[
    "burn",
    "candle_core",
    "candle_nn",
    "float8",
    "half",
    "hashbrown",
    "indexmap",
    "memmap2",
    "ndarray",
    "num_complex",
    "regex_lite",
    "serde",
    "serde_json",
    "smallvec",
    "tch",
    "ureq",
];

impl std::fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (path, items) in &self.modules {
            writeln!(f, "# {path}\n")?;
            let mut items = items.clone();
            items.sort_by_key(|item| match item {
                Item::Impl(item) => (item.self_ty.to_token_stream().to_string(), 1, text(item)),
                item => (name_of(item).unwrap_or_default(), 0, String::new()),
            });
            let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
            writeln!(f, "{}", prettyplease::unparse(&file))?;
        }
        writeln!(f, "# Other paths of the same\n")?;
        for (path, origin) in &self.also {
            writeln!(f, "{path} = {origin}")?;
        }
        Ok(())
    }
}

fn text(item: &impl ToTokens) -> String {
    item.to_token_stream().to_string()
}

fn exported(tree: &UseTree) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    collect(tree, &mut Vec::new(), &mut names);
    names
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Use(item) => &item.vis,
        Item::Macro(item) => {
            return item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
        }
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc") && text(&attribute.meta).replace(' ', "") == "doc(hidden)"
    })
}

/// Keeps what a user must know: features, `#[non_exhaustive]`, `#[must_use]`, derives.
fn trim(attributes: &mut Vec<Attribute>) {
    let kept = ["cfg", "non_exhaustive", "must_use", "derive", "macro_export"];
    attributes.retain(|attribute| kept.iter().any(|kept| attribute.path().is_ident(kept)));
}

fn without_bodies(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::Const(item) => {
            trim(&mut item.attrs);
            *item.expr = syn::parse_quote!(_);
        }
        Item::Enum(item) => {
            trim(&mut item.attrs);
            for variant in &mut item.variants {
                trim(&mut variant.attrs);
                public_fields(&mut variant.fields, true);
            }
        }
        Item::Fn(item) => {
            trim(&mut item.attrs);
            item.block = syn::parse_quote!({});
        }
        Item::Macro(item) => {
            trim(&mut item.attrs);
            item.mac.tokens = TokenStream::new();
        }
        Item::Struct(item) => {
            trim(&mut item.attrs);
            public_fields(&mut item.fields, false);
        }
        Item::Trait(item) => {
            trim(&mut item.attrs);
            item.items.retain(|item| !is_hidden(trait_attributes(item)));
            for item in &mut item.items {
                trim_trait_item(item);
            }
        }
        Item::Type(item) => trim(&mut item.attrs),
        _ => {}
    }
    item
}

fn trait_attributes(item: &TraitItem) -> &[Attribute] {
    match item {
        TraitItem::Const(item) => &item.attrs,
        TraitItem::Fn(item) => &item.attrs,
        TraitItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

fn trim_trait_item(item: &mut TraitItem) {
    match item {
        TraitItem::Const(item) => trim(&mut item.attrs),
        TraitItem::Fn(item) => {
            trim(&mut item.attrs);
            // One that has a body need not be written.
            item.default = item.default.as_ref().map(|_| syn::parse_quote!({}));
        }
        TraitItem::Type(item) => trim(&mut item.attrs),
        _ => {}
    }
}

/// Leaves out the fields that nobody else sees; one stands for all of them.
fn public_fields(fields: &mut Fields, all: bool) {
    let private = |field: &syn::Field| {
        !all && (!matches!(field.vis, Visibility::Public(_)) || is_hidden(&field.attrs))
    };
    match fields {
        Fields::Named(named) => {
            let hides = named.named.iter().any(private);
            let mut public: syn::punctuated::Punctuated<syn::Field, syn::Token![,]> =
                named.named.iter().filter(|field| !private(field)).cloned().collect();
            for field in &mut public {
                trim(&mut field.attrs);
            }
            if hides {
                let rest: syn::FieldsNamed = syn::parse_quote!({ _private: () });
                public.extend(rest.named);
            }
            named.named = public;
        }
        Fields::Unnamed(unnamed) => {
            for field in &mut unnamed.unnamed {
                trim(&mut field.attrs);
                if private(field) {
                    field.ty = syn::parse_quote!(_);
                }
            }
        }
        Fields::Unit => {}
    }
}

/// The part of an implementation that others can call: nothing of one that has no public method.
fn public_part(item: &ItemImpl) -> Option<ItemImpl> {
    let mut item = item.clone();
    trim(&mut item.attrs);
    if item.trait_.is_some() {
        item.items.clear();
        return Some(item);
    }
    let items = std::mem::take(&mut item.items);
    item.items = items.into_iter().flat_map(public_members).collect();
    (!item.items.is_empty()).then_some(item)
}

fn public_members(item: ImplItem) -> Vec<ImplItem> {
    match item {
        ImplItem::Fn(mut item)
            if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) =>
        {
            trim(&mut item.attrs);
            item.block = syn::parse_quote!({});
            vec![ImplItem::Fn(item)]
        }
        ImplItem::Const(mut item)
            if matches!(item.vis, Visibility::Public(_)) && !is_hidden(&item.attrs) =>
        {
            trim(&mut item.attrs);
            item.expr = syn::parse_quote!(_);
            vec![ImplItem::Const(item)]
        }
        ImplItem::Macro(item) if item.mac.path.is_ident("setters") => {
            let setters: Setters = item.mac.parse_body().expect("setters");
            setters.0
        }
        _ => Vec::new(),
    }
}

/// The methods that the macro `setters` writes.
struct Setters(Vec<ImplItem>);

impl Parse for Setters {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut methods = Vec::new();
        while !input.is_empty() {
            let mut attributes = input.call(Attribute::parse_outer)?;
            trim(&mut attributes);
            let name: syn::Ident = input.parse()?;
            let argument;
            syn::parenthesized!(argument in input);
            let argument: TokenStream = argument.parse()?;
            let method =
                quote!(#(#attributes)* #[must_use] pub fn #name(mut self, #argument) -> Self {});
            methods.push(syn::parse2(method)?);
            // Its body.
            while !input.peek(syn::Token![;]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<syn::Token![;]>()?;
        }
        Ok(Setters(methods))
    }
}

/// The path of a type, if it is one.
fn path_of(ty: &syn::Type) -> Option<Vec<String>> {
    match ty {
        syn::Type::Path(ty) if ty.qself.is_none() => {
            Some(ty.path.segments.iter().map(|segment| segment.ident.to_string()).collect())
        }
        _ => None,
    }
}

fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        _ => false,
    })
}

/// The names at the beginning of paths.
fn first_names(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut inside = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if inside < 2 => drop(names.insert(ident.to_string())),
            TokenTree::Group(group) => first_names(group.stream(), names),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                inside += 1;
                continue;
            }
            _ => {}
        }
        inside = 0;
    }
}
