//! One walk over a model: its leaves, modules and aliases in order, as flat lists.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use crate::key;
use crate::traits::{StateDict, Tensor, TensorMut};
use crate::visit::alias::Expansion;
use crate::visit::{ModelError, ModuleInfo, Visitor, VisitorMut};

/// What a leaf is to its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A parameter.
    Parameter,
    /// A buffer that is part of the state dict.
    Buffer,
    /// A buffer that is not: `persistent=False`.
    NonPersistentBuffer,
}

impl Kind {
    fn of_buffer(persistent: bool) -> Self {
        if persistent { Kind::Buffer } else { Kind::NonPersistentBuffer }
    }

    /// Whether a leaf of this kind is part of the state dict.
    pub fn is_persistent(self) -> bool {
        self != Kind::NonPersistentBuffer
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Parameter => "parameter",
            Kind::Buffer => "buffer",
            Kind::NonPersistentBuffer => "non-persistent buffer",
        })
    }
}

/// A parameter or buffer; `T` is a shared or an exclusive reference to it.
pub(crate) struct Leaf<T> {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// The module it belongs to, an index into [`Walk::modules`].
    pub(crate) module: usize,
    pub(crate) tensor: T,
}

/// A module, by the first path under which it was met.
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) info: ModuleInfo,
}

/// The name of a leaf or module in the final order; an alias gives a leaf a second name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) key: String,
    /// An index into [`Walk::leaves`] or [`Walk::modules`].
    pub(crate) index: usize,
    pub(crate) alias: bool,
}

/// What one walk found.
pub(crate) struct Walk<T> {
    pub(crate) leaves: Vec<Leaf<T>>,
    pub(crate) modules: Vec<Module>,
    pub(super) items: Vec<Item>,
    /// Every child that was met, with what it holds; also children that are `None`.
    pub(super) children: Vec<Subtree>,
    pub(super) aliases: Vec<Alias>,
    problems: Vec<ModelError>,
    prefix: String,
    module: usize,
}

/// What the walk met, in order.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Module(usize),
    Leaf(usize),
    Alias(usize),
}

pub(super) struct Subtree {
    path: String,
    pub(super) items: Range<usize>,
}

pub(super) struct Alias {
    pub(super) name: String,
    pub(super) target: String,
}

impl<T> Walk<T> {
    fn new() -> Self {
        Walk {
            leaves: Vec::new(),
            modules: Vec::new(),
            items: Vec::new(),
            children: Vec::new(),
            aliases: Vec::new(),
            problems: Vec::new(),
            prefix: String::new(),
            module: 0,
        }
    }

    fn check(&mut self, name: &str) {
        if let Err(reason) = key::check_name(name) {
            self.problems.push(ModelError::Name {
                module: self.prefix.clone(),
                name: name.to_owned(),
                reason,
            });
        }
    }

    fn module(&mut self, info: ModuleInfo) {
        self.module = self.modules.len();
        self.items.push(Item::Module(self.module));
        self.modules.push(Module { path: self.prefix.clone(), info });
    }

    fn leaf(&mut self, name: &str, kind: Kind, tensor: T) {
        self.check(name);
        self.items.push(Item::Leaf(self.leaves.len()));
        let key = key::join(&self.prefix, name);
        self.leaves.push(Leaf { key, kind, module: self.module, tensor });
    }

    /// Walks a child: `visit` is called with the prefix extended by `name`.
    fn child(&mut self, name: &str, visit: impl FnOnce(&mut Self)) {
        self.check(name);
        let (parent, module, start) = (self.prefix.len(), self.module, self.items.len());
        if parent > 0 {
            self.prefix.push('.');
        }
        self.prefix.push_str(name);
        visit(self);
        let path = self.prefix.clone();
        self.children.push(Subtree { path, items: start..self.items.len() });
        self.prefix.truncate(parent);
        self.module = module;
    }

    fn alias(&mut self, name: &str, target: &str) {
        name.split('.').for_each(|segment| self.check(segment));
        self.items.push(Item::Alias(self.aliases.len()));
        self.aliases.push(Alias {
            name: key::join(&self.prefix, name),
            target: key::join(&self.prefix, target),
        });
    }

    /// The leaves that make up `path`: one leaf, or all below a child.
    pub(crate) fn leaves_at(&self, paths: &Paths, path: &str) -> Option<Range<usize>> {
        let items = match *paths.0.get(path)? {
            At::Leaf(leaf) => return Some(leaf..leaf + 1),
            At::Child(child) => self.children.get(child)?.items.clone(),
        };
        let mut leaves = self.items.get(items)?.iter().filter_map(|item| match item {
            Item::Leaf(leaf) => Some(*leaf),
            Item::Module(_) | Item::Alias(_) => None,
        });
        // Leaves are numbered in the order they are met, so those of a subtree are consecutive.
        let Some(first) = leaves.next() else { return Some(0..0) };
        Some(first..leaves.next_back().unwrap_or(first) + 1)
    }

    /// The paths of all children, also of those that are `None`.
    pub(crate) fn child_paths(&self) -> impl Iterator<Item = &str> {
        self.children.iter().map(|child| child.path.as_str())
    }

    /// The aliases: each one's path and its target's.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|alias| (alias.name.as_str(), alias.target.as_str()))
    }

    /// Where each leaf and child is, by its path.
    pub(crate) fn paths(&self) -> Paths {
        let leaves = self.leaves.iter().enumerate();
        let children = self.children.iter().enumerate();
        Paths(
            leaves
                .map(|(index, leaf)| (leaf.key.clone(), At::Leaf(index)))
                .chain(children.map(|(index, child)| (child.path.clone(), At::Child(index))))
                .collect(),
        )
    }

    /// The keys of leaves and the paths of modules in the order of the state dict, aliases included.
    ///
    /// # Errors
    /// All that is wrong with the model's names.
    pub(crate) fn names(&self) -> Result<Names, Vec<ModelError>> {
        let mut names = Names::default();
        let mut problems: Vec<ModelError> = self.problems.clone();
        let paths = if self.aliases.is_empty() { Paths(HashMap::new()) } else { self.paths() };
        Expansion::new(self, &paths, &mut names, &mut problems).expand(0..self.items.len(), "", "");
        let mut seen = HashSet::with_capacity(names.leaves.len());
        for name in names.leaves.iter().filter(|name| self.persistent(name)) {
            if !seen.insert(name.key.as_str()) {
                problems.push(ModelError::Duplicate { key: name.key.clone() });
            }
        }
        if problems.is_empty() { Ok(names) } else { Err(problems) }
    }

    fn persistent(&self, name: &Name) -> bool {
        self.leaves.get(name.index).is_some_and(|leaf| leaf.kind.is_persistent())
    }
}

/// The final names of a walk.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) leaves: Vec<Name>,
    pub(crate) modules: Vec<Name>,
}

/// Where each leaf and child of a walk is.
pub(crate) struct Paths(pub(super) HashMap<String, At>);

#[derive(Clone, Copy)]
pub(super) enum At {
    Leaf(usize),
    Child(usize),
}

/// Walks `model` for reading.
pub(crate) fn walk<M: StateDict + ?Sized>(model: &M) -> Walk<&dyn Tensor> {
    let mut walk = Walk::new();
    model.visit(&mut walk);
    walk
}

/// Walks `model` for writing.
pub(crate) fn walk_mut<M: StateDict + ?Sized>(model: &mut M) -> Walk<&mut dyn TensorMut> {
    let mut walk = Walk::new();
    model.visit_mut(&mut walk);
    walk
}

impl<'a> Visitor<'a> for Walk<&'a dyn Tensor> {
    fn module(&mut self, info: ModuleInfo) {
        Walk::module(self, info);
    }

    fn parameter(&mut self, name: &str, tensor: &'a dyn Tensor) {
        self.leaf(name, Kind::Parameter, tensor);
    }

    fn buffer(&mut self, name: &str, tensor: &'a dyn Tensor, persistent: bool) {
        self.leaf(name, Kind::of_buffer(persistent), tensor);
    }

    fn child(&mut self, name: &str, module: &'a dyn StateDict) {
        Walk::child(self, name, |walk| module.visit(walk));
    }

    fn alias(&mut self, name: &str, target: &str) {
        Walk::alias(self, name, target);
    }
}

impl<'a> VisitorMut<'a> for Walk<&'a mut dyn TensorMut> {
    fn module(&mut self, info: ModuleInfo) {
        Walk::module(self, info);
    }

    fn parameter(&mut self, name: &str, tensor: &'a mut dyn TensorMut) {
        self.leaf(name, Kind::Parameter, tensor);
    }

    fn buffer(&mut self, name: &str, tensor: &'a mut dyn TensorMut, persistent: bool) {
        self.leaf(name, Kind::of_buffer(persistent), tensor);
    }

    fn child(&mut self, name: &str, module: &'a mut dyn StateDict) {
        Walk::child(self, name, |walk| module.visit_mut(walk));
    }

    fn alias(&mut self, name: &str, target: &str) {
        Walk::alias(self, name, target);
    }
}
