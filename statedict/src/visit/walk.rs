//! One walk over a model: its leaves, modules and aliases in order, as flat lists.

use std::fmt;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt};

use crate::dtype::DType;
use crate::key::{self, InvalidName};
use crate::leaf::StorageId;
use crate::tensor::{Shape, StorageError};
use crate::value::SharedValue;
use crate::visit::ids::{
    AgainId, AliasId, ChildId, ClassId, ExtraId, Id, ItemId, LeafId, List, ModuleId, narrow, wide,
};
use crate::visit::keys::{Key, KeyTree};
use crate::visit::siblings::{OuterSiblings, Siblings};
use crate::visit::{ModelError, ModuleInfo, Unavailable};

/// The role of a leaf in its module.
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

    /// Returns `true` if a leaf of this kind is part of the state dict.
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
    pub(crate) key: Key,
    pub(crate) kind: Kind,
    /// The place of its storage in [`Walk::storages`], counted from 1; 0 where the leaf has none.
    storage: u32,
    /// The module it belongs to.
    pub(crate) module: ModuleId,
    pub(crate) tensor: T,
}

/// The extra state of a module.
pub(crate) struct Extra {
    pub(crate) key: Key,
    /// The module it belongs to.
    pub(crate) module: ModuleId,
    /// Only where a state dict is made.
    pub(crate) value: Option<Result<SharedValue, StorageError>>,
}

/// A module, by the first path under which it was met.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    pub(crate) path: Key,
    class: ClassId,
}

/// The storage, type and shape, which make two leaves one tensor where all are equal.
pub(crate) type StorageOf = (StorageId, Option<DType>, Shape);

/// The classes of modules, each once.
pub(crate) struct Infos(List<ClassId, ModuleInfo>);

impl Infos {
    pub(crate) fn new() -> Self {
        Infos(List::new())
    }

    /// The class of a module.
    pub(crate) fn of(&self, module: &Module) -> &ModuleInfo {
        &self.0[module.class]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ModuleInfo> {
        self.0.iter()
    }

    /// The number of a class. Only the last are looked through: one that is noted twice does no harm.
    fn add(&mut self, info: &ModuleInfo) -> ClassId {
        let from = self.0.len().saturating_sub(8);
        match self.0.iter().skip(from).rposition(|known| known.is_same(info)) {
            Some(place) => ClassId::new(from + place),
            None => self.0.push(*info),
        }
    }
}

/// The findings of one walk.
pub(crate) struct Walk<T> {
    /// All keys and paths.
    pub(crate) keys: KeyTree,
    pub(crate) leaves: List<LeafId, Leaf<T>>,
    pub(crate) modules: List<ModuleId, Module>,
    pub(crate) infos: Infos,
    pub(crate) extras: List<ExtraId, Extra>,
    /// Those of leaves that may share their elements.
    pub(super) storages: Vec<StorageOf>,
    pub(super) items: List<ItemId, Item>,
    /// The content of every child that was met, by its number; also of children that are `None`.
    pub(super) children: List<ChildId, Range<ItemId>>,
    pub(super) aliases: List<AliasId, Alias>,
    /// The places where a handle was met again, each with what it led to the first time.
    pub(super) again: List<AgainId, Again>,
    /// The modules that have others flattened into them.
    pub(super) flattened: Vec<ModuleId>,
    /// The leaves that were declared to share their storage.
    pub(super) ties: Vec<Tie>,
    /// `true` if some of it can only be reached during the walk: it is behind a lock, or made for the visit.
    pub(crate) locked: bool,
    /// `true` if a module has a hook that runs after a load; only where the model is walked for writing.
    pub(crate) hooked: bool,
    /// `true` if some of it is behind a lock, which others can take.
    pub(crate) contended: bool,
    pub(super) problems: Vec<ModelError>,
    pub(super) siblings: Siblings,
    /// `true` if an earlier walk has checked the names, so that these are only to be the same.
    checked: bool,
    /// The child that is being visited.
    child: ChildId,
    /// The module that is being visited.
    module: Option<ModuleId>,
    /// The next module is flattened into the one before it.
    flatten: bool,
    /// The handles whose content is being visited, outermost first.
    active: Vec<StorageId>,
    seen: HashMap<StorageId, Again>,
}

/// A thing that the walk met, in order.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Module(ModuleId),
    Leaf(LeafId),
    Extra(ExtraId),
    Alias(AliasId),
    Again(AgainId),
}

/// The content of a shared handle, from the prefix under which it was met first to another.
#[derive(Clone)]
pub(super) struct Again {
    pub(super) items: Range<ItemId>,
    pub(super) from: String,
    pub(super) to: String,
}

/// A declared sharing; both are whole paths.
pub(super) struct Tie {
    pub(super) name: String,
    pub(super) target: Option<String>,
}

/// The state to return to when a child has been visited.
pub(super) struct Outer {
    child: ChildId,
    module: Option<ModuleId>,
    siblings: OuterSiblings,
}

/// The size of a model that was walked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Size {
    leaves: usize,
    modules: usize,
    items: usize,
    /// The number of children, also of those that are `None`.
    children: usize,
    /// The length of all names.
    text: usize,
}

pub(super) struct Alias {
    pub(super) name: String,
    pub(super) target: String,
}

impl<T> Walk<T> {
    pub(super) fn new() -> Self {
        Walk::sized(Size::default(), false)
    }

    /// A walk over a model of this size, whose names have been checked.
    pub(super) fn again(size: Size) -> Self {
        Walk::sized(size, true)
    }

    fn sized(size: Size, checked: bool) -> Self {
        let mut children = List::with_capacity(size.children);
        // The root's is never asked for.
        children.push(ItemId::new(0)..ItemId::new(0));
        Walk {
            keys: KeyTree::with_capacity(size.text, size.children),
            leaves: List::with_capacity(size.leaves),
            modules: List::with_capacity(size.modules),
            infos: Infos::new(),
            extras: List::new(),
            storages: Vec::new(),
            items: List::with_capacity(size.items),
            children,
            aliases: List::new(),
            again: List::new(),
            flattened: Vec::new(),
            ties: Vec::new(),
            locked: false,
            hooked: false,
            contended: false,
            problems: Vec::new(),
            siblings: Siblings::new(),
            checked,
            child: ChildId::ROOT,
            module: None,
            flatten: false,
            active: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// The size of what was met.
    pub(crate) fn size(&self) -> Size {
        Size {
            leaves: self.leaves.len(),
            modules: self.modules.len(),
            items: self.items.len(),
            children: self.children.len(),
            text: self.keys.text().len(),
        }
    }

    /// The path of the child that is being visited.
    fn path(&self) -> String {
        self.keys.spell(self.keys.path_of(self.child))
    }

    fn check(&mut self, name: &str) {
        if let Err(reason) = key::check_name(name) {
            let (module, name) = (self.path(), name.to_owned());
            self.problems.push(ModelError::Name { module, name, reason });
        }
    }

    /// Checks the name of a leaf: it may be below that of another, as in `weight.absmax`.
    fn check_leaf(&mut self, name: &str) {
        match key::check_name(name) {
            Ok(()) => {}
            Err(InvalidName::Dot) if self.siblings.has_above(self.keys.text(), name) => {
                // Another child may make the same key of its names.
                self.siblings.repeated = true;
                name.split('.').for_each(|segment| self.check(segment));
            }
            Err(_) => self.check(name),
        }
    }

    pub(super) fn add_module(&mut self, info: &ModuleInfo) {
        if std::mem::take(&mut self.flatten) {
            // Its path is the outer module's, which has the version and the history.
            if info.version() > 1 || !info.changes().is_empty() {
                self.problems.push(ModelError::FlattenedVersion {
                    module: self.path(),
                    flattened: info.rust_type(),
                });
            }
            self.flattened.push(self.here());
            return;
        }
        let (path, class) = (self.keys.path_of(self.child), self.infos.add(info));
        let module = self.modules.push(Module { path, class });
        self.items.push(Item::Module(module));
        self.module = Some(module);
    }

    /// The key of a name within the child that is being visited.
    fn key(&mut self, name: &str) -> Key {
        let key = self.keys.add(self.child, name);
        if !self.checked {
            let (text, place) = self.keys.place(key);
            self.siblings.add(text, place);
        }
        key
    }

    pub(super) fn add_leaf(
        &mut self,
        name: &str,
        kind: Kind,
        storage: Option<StorageOf>,
        tensor: T,
    ) {
        if !self.checked {
            self.check_leaf(name);
        }
        let key = self.key(name);
        let storage = match storage {
            Some(storage) => {
                self.storages.push(storage);
                narrow(self.storages.len())
            }
            None => 0,
        };
        let leaf = self.leaves.push(Leaf { key, kind, storage, module: self.here(), tensor });
        self.items.push(Item::Leaf(leaf));
    }

    pub(super) fn add_extra(&mut self, value: Option<Result<SharedValue, StorageError>>) {
        let key = self.key(key::EXTRA_STATE);
        let extra = self.extras.push(Extra { key, module: self.here(), value });
        self.items.push(Item::Extra(extra));
    }

    /// Goes into a child: until [`leave`](Self::leave), the prefix is extended by `name`.
    pub(super) fn enter(&mut self, name: &str) -> Outer {
        if !self.checked {
            self.check(name);
        }
        let key = self.key(name);
        let outer =
            Outer { child: self.child, module: self.module, siblings: self.siblings.enter() };
        self.child = self.keys.enter(key);
        let start = self.items.next_id();
        let child = self.children.push(start..start);
        assert_eq!(self.child, child, "a child has one number among the keys and the items");
        outer
    }

    pub(super) fn leave(&mut self, outer: Outer) {
        self.children[self.child].end = self.items.next_id();
        self.siblings.leave(self.keys.text(), outer.siblings);
        (self.child, self.module) = (outer.child, outer.module);
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
        let path = self.path();
        let alias = Alias { name: key::join(&path, name), target: key::join(&path, target) };
        let alias = self.aliases.push(alias);
        self.items.push(Item::Alias(alias));
    }

    pub(super) fn add_tie(&mut self, name: &str, target: Option<&str>) {
        let path = self.path();
        let target = target.map(|target| key::join(&path, target));
        self.ties.push(Tie { name: key::join(&path, name), target });
    }

    /// Goes into what a shared handle leads to, and returns where that begins; `None` where it has
    /// been visited, or is being visited.
    pub(super) fn enter_shared(&mut self, id: StorageId) -> Option<ItemId> {
        if self.active.contains(&id) {
            self.problems.push(ModelError::Cycle { module: self.path() });
            return None;
        }
        if let Some(first) = self.seen.get(&id) {
            let again = self.again.push(Again { to: self.path(), ..first.clone() });
            self.items.push(Item::Again(again));
            self.flatten = false;
            return None;
        }
        self.active.push(id);
        Some(self.items.next_id())
    }

    pub(super) fn leave_shared(&mut self, id: StorageId, start: ItemId) {
        self.active.pop();
        let items = start..self.items.next_id();
        let from = self.path();
        self.seen.insert(id, Again { items, to: from.clone(), from });
    }

    pub(super) fn add_unavailable(&mut self, reason: Unavailable) {
        self.problems.push(ModelError::Unavailable { module: self.path(), reason });
    }

    /// Returns the faults of the model so far, names aside.
    pub(crate) fn problems(&self) -> &[ModelError] {
        &self.problems
    }

    /// Returns the storage of a leaf, which is equal for leaves that are one tensor.
    pub(crate) fn storage(&self, leaf: &Leaf<T>) -> Option<&StorageOf> {
        let index = wide(leaf.storage).checked_sub(1)?;
        Some(&self.storages[index])
    }

    /// The class of a module.
    pub(crate) fn info(&self, module: ModuleId) -> &ModuleInfo {
        self.infos.of(&self.modules[module])
    }

    fn child_items(&self, child: ChildId) -> &[Item] {
        self.items.range(&self.children[child])
    }

    /// The module that lists its fields.
    fn here(&self) -> ModuleId {
        self.module.expect("a module lists its class before its fields")
    }

    /// The leaves that make up `path`: one leaf, or all below a child.
    pub(crate) fn leaves_at(&self, paths: &Paths, path: &str) -> Option<Range<usize>> {
        let child = match *paths.0.get(path)? {
            At::Leaf(leaf) => return Some(leaf.index()..leaf.index() + 1),
            At::Child(child) => child,
        };
        let mut leaves = self.child_items(child).iter().filter_map(|item| match item {
            Item::Leaf(leaf) => Some(leaf.index()),
            Item::Module(_) | Item::Extra(_) | Item::Alias(_) | Item::Again(_) => None,
        });
        // Leaves are numbered in the order they are met, so those of a subtree are consecutive.
        let Some(first) = leaves.next() else { return Some(0..0) };
        Some(first..leaves.next_back().unwrap_or(first) + 1)
    }

    /// The extra states of a child and all below it.
    pub(crate) fn extras_at(&self, paths: &Paths, path: &str) -> Vec<usize> {
        let Some(&At::Child(child)) = paths.0.get(path) else { return Vec::new() };
        let extra = |item: &Item| match item {
            Item::Extra(extra) => Some(extra.index()),
            Item::Module(_) | Item::Leaf(_) | Item::Alias(_) | Item::Again(_) => None,
        };
        self.child_items(child).iter().filter_map(extra).collect()
    }

    /// The paths of all children, also of those that are `None`, in an order that parents are first in.
    pub(crate) fn child_paths(&self) -> impl ExactSizeIterator<Item = Key> {
        self.keys.child_paths().map(|(_, path)| path)
    }

    /// Returns `true` if a module has a name twice, or may have.
    pub(crate) fn repeats_names(&self) -> bool {
        self.siblings.repeated
    }

    /// The aliases: each one's path and its target's.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.iter().map(|alias| (alias.name.as_str(), alias.target.as_str()))
    }

    /// Returns the place of each leaf and child, by its path.
    pub(crate) fn paths(&self) -> Paths {
        let mut paths = HashMap::with_capacity(self.leaves.len() + self.children.len());
        let mut speller = self.keys.speller();
        for (index, leaf) in self.leaves.enumerated() {
            paths.insert(speller.spell(leaf.key).to_owned(), At::Leaf(index));
        }
        for (child, path) in self.keys.child_paths() {
            paths.insert(speller.spell(path).to_owned(), At::Child(child));
        }
        Paths(paths)
    }
}

/// The place of each leaf and child of a walk.
pub(crate) struct Paths(pub(super) HashMap<String, At>);

#[derive(Clone, Copy)]
pub(super) enum At {
    Leaf(LeafId),
    Child(ChildId),
}
