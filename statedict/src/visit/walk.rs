//! One walk over a model: its leaves, modules and aliases in order, as flat lists.

use std::fmt;
use std::ops::Range;

use foldhash::HashSetExt;
use foldhash::{HashMap, HashMapExt};

use crate::codec::write::WriteError;
use crate::dtype::DType;
use crate::key;
use crate::tensor::Shape;
use crate::traits::StorageId;
use crate::value::SharedValue;
use crate::visit::alias::Expansion;
use crate::visit::{ModelError, ModuleInfo, Unavailable, order, sharing};

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
    /// A value that is no tensor: a module's extra state. Only a schema lists it among the leaves.
    ExtraState,
}

impl Kind {
    pub(crate) fn of_buffer(persistent: bool) -> Self {
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
            Kind::ExtraState => "extra state",
        })
    }
}

/// A parameter or buffer; `T` is how it can be reached.
pub(crate) struct Leaf<T> {
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// Equal for leaves that are one tensor: of one storage, type and shape.
    pub(crate) storage: Option<(StorageId, DType, Shape)>,
    /// The module it belongs to, an index into [`Walk::modules`].
    pub(crate) module: usize,
    pub(crate) tensor: T,
}

/// The extra state of a module.
pub(crate) struct Extra {
    pub(crate) key: String,
    /// The module it belongs to, an index into [`Walk::modules`].
    pub(crate) module: usize,
    /// Only where a state dict is made.
    pub(crate) value: Option<Result<SharedValue, WriteError>>,
}

/// The name of an extra state in the final order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtraName {
    pub(crate) name: Name,
    /// How many names of leaves come before it.
    pub(crate) position: usize,
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
    /// An index into [`Walk::leaves`], [`Walk::modules`] or [`Walk::extras`].
    pub(crate) index: usize,
    pub(crate) alias: bool,
}

/// What one walk found.
pub(crate) struct Walk<T> {
    pub(crate) leaves: Vec<Leaf<T>>,
    pub(crate) modules: Vec<Module>,
    pub(crate) extras: Vec<Extra>,
    pub(super) items: Vec<Item>,
    /// Every child that was met, with what it holds; also children that are `None`.
    pub(super) children: Vec<Subtree>,
    pub(super) aliases: Vec<Alias>,
    /// Where a handle was met again, and what it led to the first time.
    pub(super) again: Vec<Again>,
    /// The modules that have others flattened into them.
    pub(super) flattened: Vec<usize>,
    /// What was declared to share its storage.
    pub(super) ties: Vec<Tie>,
    problems: Vec<ModelError>,
    prefix: String,
    module: usize,
    /// The next module is flattened into the one before it.
    flatten: bool,
    /// The handles whose content is being visited, outermost first.
    active: Vec<StorageId>,
    seen: HashMap<StorageId, Again>,
}

/// What the walk met, in order.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Module(usize),
    Leaf(usize),
    Extra(usize),
    Alias(usize),
    Again(usize),
}

/// What a shared handle leads to, from the prefix under which it was met first to another.
#[derive(Clone)]
pub(super) struct Again {
    pub(super) items: Range<usize>,
    pub(super) from: String,
    pub(super) to: String,
}

/// A declared sharing; both are whole paths.
pub(super) struct Tie {
    pub(super) name: String,
    pub(super) target: Option<String>,
}

/// What to return to when a child has been visited.
pub(super) struct Outer {
    prefix: usize,
    module: usize,
    items: usize,
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
    pub(super) fn new() -> Self {
        Walk {
            leaves: Vec::new(),
            modules: Vec::new(),
            extras: Vec::new(),
            items: Vec::new(),
            children: Vec::new(),
            aliases: Vec::new(),
            again: Vec::new(),
            flattened: Vec::new(),
            ties: Vec::new(),
            problems: Vec::new(),
            prefix: String::new(),
            module: 0,
            flatten: false,
            active: Vec::new(),
            seen: HashMap::new(),
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

    pub(super) fn add_module(&mut self, info: ModuleInfo) {
        if std::mem::take(&mut self.flatten) {
            // Its path is the outer module's, which has the version and the history.
            if info.version() > 1 || !info.changes().is_empty() {
                self.problems.push(ModelError::FlattenedVersion {
                    module: self.prefix.clone(),
                    flattened: info.rust_type(),
                });
            }
            self.flattened.push(self.module);
            return;
        }
        self.module = self.modules.len();
        self.items.push(Item::Module(self.module));
        self.modules.push(Module { path: self.prefix.clone(), info });
    }

    pub(super) fn add_leaf(
        &mut self,
        name: &str,
        kind: Kind,
        storage: Option<(StorageId, DType, Shape)>,
        tensor: T,
    ) {
        self.check(name);
        self.items.push(Item::Leaf(self.leaves.len()));
        let key = key::join(&self.prefix, name);
        self.leaves.push(Leaf { key, kind, storage, module: self.module, tensor });
    }

    pub(super) fn add_extra(&mut self, value: Option<Result<SharedValue, WriteError>>) {
        self.items.push(Item::Extra(self.extras.len()));
        let key = key::join(&self.prefix, key::EXTRA_STATE);
        self.extras.push(Extra { key, module: self.module, value });
    }

    /// Goes into a child: until [`leave`](Self::leave), the prefix is extended by `name`.
    pub(super) fn enter(&mut self, name: &str) -> Outer {
        self.check(name);
        let outer =
            Outer { prefix: self.prefix.len(), module: self.module, items: self.items.len() };
        if outer.prefix > 0 {
            self.prefix.push('.');
        }
        self.prefix.push_str(name);
        outer
    }

    pub(super) fn leave(&mut self, outer: Outer) {
        let path = self.prefix.clone();
        self.children.push(Subtree { path, items: outer.items..self.items.len() });
        self.prefix.truncate(outer.prefix);
        self.module = outer.module;
    }

    /// Goes into a child that adds no segment.
    pub(super) fn enter_flat(&mut self) {
        self.flatten = true;
    }

    pub(super) fn leave_flat(&mut self) {
        // A `None` reports no module.
        self.flatten = false;
    }

    pub(super) fn add_alias(&mut self, name: &str, target: &str) {
        name.split('.').for_each(|segment| self.check(segment));
        self.items.push(Item::Alias(self.aliases.len()));
        self.aliases.push(Alias {
            name: key::join(&self.prefix, name),
            target: key::join(&self.prefix, target),
        });
    }

    pub(super) fn add_tie(&mut self, name: &str, target: Option<&str>) {
        self.ties.push(Tie {
            name: key::join(&self.prefix, name),
            target: target.map(|target| key::join(&self.prefix, target)),
        });
    }

    /// Goes into what a shared handle leads to, and returns where that begins; `None` where it has
    /// been visited, or is being visited.
    pub(super) fn enter_shared(&mut self, id: StorageId) -> Option<usize> {
        if self.active.contains(&id) {
            self.problems.push(ModelError::Cycle { module: self.prefix.clone() });
            return None;
        }
        if let Some(first) = self.seen.get(&id) {
            self.items.push(Item::Again(self.again.len()));
            self.again.push(Again { to: self.prefix.clone(), ..first.clone() });
            self.flatten = false;
            return None;
        }
        self.active.push(id);
        Some(self.items.len())
    }

    pub(super) fn leave_shared(&mut self, id: StorageId, start: usize) {
        self.active.pop();
        let (items, from) = (start..self.items.len(), self.prefix.clone());
        self.seen.insert(id, Again { items, to: from.clone(), from });
    }

    pub(super) fn add_unavailable(&mut self, reason: Unavailable) {
        self.problems.push(ModelError::Unavailable { module: self.prefix.clone(), reason });
    }

    /// What is wrong with the model so far, names aside.
    pub(crate) fn problems(&self) -> &[ModelError] {
        &self.problems
    }

    /// The leaves that make up `path`: one leaf, or all below a child.
    pub(crate) fn leaves_at(&self, paths: &Paths, path: &str) -> Option<Range<usize>> {
        let items = match *paths.0.get(path)? {
            At::Leaf(leaf) => return Some(leaf..leaf + 1),
            At::Child(child) => self.children.get(child)?.items.clone(),
        };
        let mut leaves = self.items.get(items)?.iter().filter_map(|item| match item {
            Item::Leaf(leaf) => Some(*leaf),
            Item::Module(_) | Item::Extra(_) | Item::Alias(_) | Item::Again(_) => None,
        });
        // Leaves are numbered in the order they are met, so those of a subtree are consecutive.
        let Some(first) = leaves.next() else { return Some(0..0) };
        Some(first..leaves.next_back().unwrap_or(first) + 1)
    }

    /// The extra states of a child and all below it.
    pub(crate) fn extras_at(&self, paths: &Paths, path: &str) -> Vec<usize> {
        let Some(&At::Child(child)) = paths.0.get(path) else { return Vec::new() };
        let items = self.children.get(child).and_then(|child| self.items.get(child.items.clone()));
        let extra = |item: &Item| match item {
            Item::Extra(extra) => Some(*extra),
            Item::Module(_) | Item::Leaf(_) | Item::Alias(_) | Item::Again(_) => None,
        };
        items.unwrap_or_default().iter().filter_map(extra).collect()
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
        order::merge_flattened(self, &mut names);
        sharing::check_ties(self, &names, &mut problems);
        sharing::unify_storages(self, &mut names);
        let mut seen = foldhash::HashSet::with_capacity(names.leaves.len());
        let leaves = names.leaves.iter().filter(|name| self.persistent(name));
        for name in leaves.chain(names.extras.iter().map(|extra| &extra.name)) {
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
    pub(crate) extras: Vec<ExtraName>,
}

/// Where each leaf and child of a walk is.
pub(crate) struct Paths(pub(super) HashMap<String, At>);

#[derive(Clone, Copy)]
pub(super) enum At {
    Leaf(usize),
    Child(usize),
}
