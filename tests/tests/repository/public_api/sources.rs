//! The modules of a crate as they are written, and the items that their names lead to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, File, Item, ItemMod, UseTree};

/// A module's path from the crate's root; empty for the root.
pub(super) type ModulePath = Vec<String>;

/// A module: its items, and the names that it imports.
#[derive(Default)]
pub(super) struct Module {
    pub(super) items: Vec<Item>,
    /// The paths that its names are imported from.
    pub(super) imports: BTreeMap<String, Vec<String>>,
}

/// The modules of a crate.
pub(super) struct Sources {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

/// The end of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ModulePath),
    /// An item of a module; one that a macro makes is in none of its items.
    Item(ModulePath, String),
    /// A path of another crate.
    Foreign(Vec<String>),
}

impl Sources {
    /// Reads a crate from its `lib.rs`.
    pub(super) fn read(root: &Path) -> Sources {
        let mut sources = Sources { modules: BTreeMap::new() };
        let file = parse(root);
        let folder = root.parent().expect("a folder").to_owned();
        sources.add(Vec::new(), file.items, &folder);
        sources
    }

    /// Adds a module whose children are files in `folder`.
    fn add(&mut self, path: ModulePath, items: Vec<Item>, folder: &Path) {
        let mut module = Module::default();
        for item in items {
            if is_for_tests(attributes_of(&item)) {
                continue;
            }
            match &item {
                Item::Use(item) => collect(&item.tree, &mut Vec::new(), &mut module.imports),
                Item::Mod(child) => {
                    let mut inside = path.clone();
                    inside.push(child.ident.to_string());
                    let (items, folder) = content(child, folder);
                    self.add(inside, items, &folder);
                }
                _ => {}
            }
            module.items.push(item);
        }
        self.modules.insert(path, module);
    }

    /// Follows a path that is written in `module`.
    pub(super) fn resolve(&self, module: &[String], path: &[String]) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut at = module.to_vec();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            _ => return self.named(module, first, rest, path),
        }
        match rest {
            [] => Some(Target::Module(at)),
            _ => self.resolve_within(&at, rest),
        }
    }

    /// Follows a path of which `first` is a name in `module`.
    fn named(
        &self,
        module: &[String],
        first: &str,
        rest: &[String],
        path: &[String],
    ) -> Option<Target> {
        let known = self.modules.get(module)?;
        let is_here = self.modules.contains_key(&child(module, first))
            || known.items.iter().any(|item| name_of(item).as_deref() == Some(first));
        if is_here {
            return self.resolve_within(module, path);
        }
        match known.imports.get(first) {
            Some(origin) if origin.as_slice() != [first] => {
                let whole: Vec<String> = origin.iter().chain(rest).cloned().collect();
                self.resolve(module, &whole)
            }
            _ => Some(Target::Foreign(path.to_vec())),
        }
    }

    /// Follows a path of names in `module` itself.
    fn resolve_within(&self, module: &[String], path: &[String]) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "self" => return self.resolve_within(module, rest),
            "super" => return self.resolve_within(&module[..module.len() - 1], rest),
            _ => {}
        }
        let inside = child(module, first);
        // A function may be imported from a private module of its name.
        let imported = self.modules.get(module).and_then(|known| known.imports.get(first));
        if let (Some([.., home, _]), []) = (imported.map(Vec::as_slice), rest)
            && home == first
        {
            return self.resolve(module, &imported?.clone());
        }
        if self.modules.contains_key(&inside) {
            return match rest {
                [] => Some(Target::Module(inside)),
                _ => self.resolve_within(&inside, rest),
            };
        }
        let known = self.modules.get(module)?;
        if known.items.iter().any(|item| name_of(item).as_deref() == Some(first)) {
            return Some(Target::Item(module.to_vec(), first.clone()));
        }
        match known.imports.get(first) {
            Some(origin) => {
                let whole: Vec<String> = origin.iter().chain(rest).cloned().collect();
                self.resolve(module, &whole)
            }
            None => Some(Target::Item(module.to_vec(), first.clone())),
        }
    }
}

fn child(module: &[String], name: &str) -> ModulePath {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn parse(path: &Path) -> File {
    let text = fs::read_to_string(path).expect("a source file");
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The items of a module, and the folder of its children.
fn content(module: &ItemMod, folder: &Path) -> (Vec<Item>, PathBuf) {
    let name = module.ident.to_string();
    let inner = folder.join(&name);
    if let Some((_, items)) = &module.content {
        return (items.clone(), inner);
    }
    let named = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"));
    let named = named.map(|attribute| {
        let value = &attribute.meta.require_name_value().expect("`path = ...`").value;
        match value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
            _ => panic!("the path of `{name}` is not a text"),
        }
    });
    let candidates = match named {
        Some(file) => vec![folder.join(file)],
        None => vec![folder.join(format!("{name}.rs")), inner.join("mod.rs")],
    };
    let file = candidates.iter().find(|file| file.is_file());
    (parse(file.unwrap_or_else(|| panic!("no file of `{name}`"))).items, inner)
}

/// Collects the names that a `use` makes known, and where they come from.
pub(super) fn collect(
    tree: &UseTree,
    before: &mut Vec<String>,
    found: &mut BTreeMap<String, Vec<String>>,
) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            collect(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = before.last().cloned() {
                found.insert(last, before.clone());
            }
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            found.insert(name.clone(), before.iter().cloned().chain([name]).collect());
        }
        UseTree::Rename(rename) => {
            let origin = before.iter().cloned().chain([rename.ident.to_string()]).collect();
            found.insert(rename.rename.to_string(), origin);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, before, found);
            }
        }
        _ => {}
    }
}

pub(super) fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

pub(super) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns `true` for `#[cfg(test)]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}
