//! The types of a model: which modules are values of one struct.

use std::collections::{BTreeMap, HashMap};

use super::layer::{self, Kind};
use super::target::{LeafType, Target};
use super::tree::{Child, Leaf, Module, Tree};

/// All structs, and which type each module has.
pub(super) struct Structure {
    pub(super) structs: Vec<Struct>,
    /// The type of each module, by its number in the tree.
    pub(super) types: Vec<Type>,
}

/// How a module is written as a type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Type {
    Struct(usize),
    List(Box<Type>),
    /// Keys that are no identifiers.
    Map(Box<Type>),
    Parameters(LeafType),
}

/// One struct.
pub(super) struct Struct {
    pub(super) kind: Option<Kind>,
    pub(super) version: u64,
    pub(super) extra_state: bool,
    pub(super) fields: Vec<Field>,
    pub(super) aliases: Vec<(String, String)>,
    /// The modules that are values of it.
    pub(super) modules: Vec<usize>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) what: What,
    /// Whether some values of the struct do not have it.
    pub(super) optional: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    Leaf {
        leaf: LeafType,
        buffer: bool,
    },
    Child(Type),
    /// Another name of a field.
    Same(String),
    /// Another name of what is at a path from here, and its type where it is a module.
    Path(String, Option<Type>),
}

/// What makes two modules values of one struct.
#[derive(PartialEq, Eq, Hash)]
struct Layout {
    root: bool,
    version: u64,
    extra_state: bool,
    fields: Vec<Field>,
    aliases: Vec<(String, String)>,
}

/// More structs than this are no longer compared with each other.
const COMPARED: usize = 2_000;

impl Structure {
    pub(super) fn of(tree: &Tree, target: Target) -> Structure {
        let mut building = Building {
            tree,
            target,
            structs: Vec::new(),
            types: vec![None; tree.modules.len()],
            known: HashMap::new(),
            kinds: HashMap::new(),
        };
        let deepest = tree.modules.iter().map(|module| module.depth).max().unwrap_or(0);
        let mut levels = vec![Vec::new(); deepest + 1];
        let shown = building.shown();
        for (index, module) in tree.modules.iter().enumerate().filter(|(index, _)| shown[*index]) {
            levels[module.depth].push(index);
        }
        for level in levels.iter().rev() {
            for &index in level {
                let found = building.module(index);
                building.types[index] = Some(found);
            }
            building.merge(level);
        }
        building.structs.iter_mut().for_each(|found| found.modules.sort_unstable());
        let types = building.types;
        // What is not shown has no type that anybody asks for.
        let types =
            types.into_iter().map(|found| found.unwrap_or(Type::Struct(usize::MAX))).collect();
        Structure { structs: building.structs, types }
    }

    pub(super) fn root(&self) -> usize {
        match self.types.first() {
            Some(Type::Struct(root)) => *root,
            _ => 0,
        }
    }
}

struct Building<'t> {
    tree: &'t Tree,
    target: Target,
    structs: Vec<Struct>,
    types: Vec<Option<Type>>,
    known: HashMap<Layout, usize>,
    kinds: HashMap<(Kind, u64), Vec<usize>>,
}

impl Building<'_> {
    /// Which modules are no aliases, nor in one.
    fn shown(&self) -> Vec<bool> {
        let mut shown = vec![false; self.tree.modules.len()];
        let mut todo = vec![0];
        while let Some(index) = todo.pop() {
            shown[index] = true;
            todo.extend(self.tree.modules[index].children.iter().filter_map(
                |(_, child)| match child {
                    Child::Module(child) => Some(*child),
                    Child::Alias(..) => None,
                },
            ));
        }
        shown
    }

    fn child_type(&self, child: usize) -> Option<Type> {
        self.types.get(child).cloned().flatten()
    }

    fn module(&mut self, index: usize) -> Type {
        let module = &self.tree.modules[index];
        let name = module.path.rsplit('.').next().unwrap_or_default();
        let root = index == 0;
        if !root {
            if let Some(found) = layer::recognise(self.tree, module, name) {
                return Type::Struct(self.layer(index, found.kind));
            }
            if let Some(found) = self.collection(module) {
                return found;
            }
        }
        let layout = Layout {
            root,
            version: module.version.unwrap_or(1),
            extra_state: module.extra_state,
            fields: self.fields(module),
            aliases: module.aliases.clone(),
        };
        Type::Struct(match self.known.get(&layout) {
            Some(&known) => {
                self.structs[known].modules.push(index);
                known
            }
            None => {
                let number = self.structs.len();
                self.structs.push(Struct {
                    kind: None,
                    version: layout.version,
                    extra_state: layout.extra_state,
                    fields: layout.fields.clone(),
                    aliases: layout.aliases.clone(),
                    modules: vec![index],
                });
                self.known.insert(layout, number);
                number
            }
        })
    }

    fn fields(&self, module: &Module) -> Vec<Field> {
        let leaves = module.leaves.iter().map(|(key, leaf)| {
            let what = match leaf {
                Leaf::Tensor(slot) => {
                    What::Leaf { leaf: self.target.leaf(slot), buffer: slot.buffer }
                }
                Leaf::Alias(target) => What::Same(target.clone()),
            };
            Field { key: key.clone(), what, optional: false }
        });
        let children = module.children.iter().filter_map(|(key, child)| {
            let what = match child {
                Child::Module(child) => What::Child(self.child_type(*child)?),
                Child::Alias(path, other) => {
                    let is_field = !path.contains('.') && other.is_some();
                    match is_field {
                        true => What::Same(path.clone()),
                        false => {
                            What::Path(path.clone(), other.and_then(|other| self.child_type(other)))
                        }
                    }
                }
            };
            Some(Field { key: key.clone(), what, optional: false })
        });
        leaves.chain(children).collect()
    }

    /// A list, a map, or a list of parameters.
    fn collection(&self, module: &Module) -> Option<Type> {
        if module.version.unwrap_or(1) != 1 || module.extra_state || !module.aliases.is_empty() {
            return None;
        }
        let numbered = |names: &mut dyn Iterator<Item = &String>| {
            names.enumerate().all(|(index, name)| *name == index.to_string())
        };
        if module.children.is_empty() {
            let mut leaves = module.leaves.iter().map(|(_, leaf)| match leaf {
                Leaf::Tensor(slot) if !slot.buffer => Some(self.target.leaf(slot)),
                _ => None,
            });
            let first = leaves.next()??;
            let alike = leaves.all(|leaf| leaf.as_ref() == Some(&first));
            let list = alike && numbered(&mut module.leaves.iter().map(|(name, _)| name));
            return list.then_some(Type::Parameters(first));
        }
        if !module.leaves.is_empty() {
            return None;
        }
        let mut children = module.children.iter().map(|(_, child)| match child {
            Child::Module(child) => self.child_type(*child),
            Child::Alias(..) => None,
        });
        let first = children.next()??;
        if !children.all(|child| child.as_ref() == Some(&first)) {
            return None;
        }
        let mut names = module.children.iter().map(|(name, _)| name);
        if numbered(&mut names.clone()) {
            return Some(Type::List(Box::new(first)));
        }
        let is_identifier =
            |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let sorted = names.clone().is_sorted();
        let map = sorted && module.children.len() > 1 && !names.any(is_identifier);
        map.then(|| Type::Map(Box::new(first)))
    }

    /// The struct of a layer of PyTorch's: one for all that differ in what they have at all.
    fn layer(&mut self, index: usize, kind: Kind) -> usize {
        let module = &self.tree.modules[index];
        let version = module.version.unwrap_or(1);
        let fields = self.fields(module);
        let place = |field: &Field| kind.place(&field.key);
        let known = self.kinds.entry((kind, version)).or_default();
        for &number in known.iter() {
            let Struct { fields: others, modules, .. } = &mut self.structs[number];
            let fits = fields.iter().all(|field| {
                let other = others.iter().find(|other| other.key == field.key);
                other.is_none_or(|other| other.what == field.what)
            });
            if !fits {
                continue;
            }
            for other in others.iter_mut() {
                other.optional |= !fields.iter().any(|field| field.key == other.key);
            }
            for field in fields {
                if !others.iter().any(|other| other.key == field.key) {
                    others.push(Field { optional: true, ..field });
                }
            }
            others.sort_by_key(place);
            modules.push(index);
            return number;
        }
        let number = self.structs.len();
        known.push(number);
        self.structs.push(Struct {
            kind: Some(kind),
            version,
            extra_state: false,
            fields,
            aliases: Vec::new(),
            modules: vec![index],
        });
        number
    }

    /// Makes one of structs where a value lacks what the others of its kind have, as the first block of a
    /// layer has a `downsample`. Of one kind are modules whose paths differ in numbers only.
    fn merge(&mut self, level: &[usize]) {
        if self.structs.len() > COMPARED {
            return;
        }
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &index in level {
            let Some(Type::Struct(number)) = self.types[index] else { continue };
            if self.structs[number].kind.is_none() && index != 0 {
                let group = groups.entry(unnumbered(&self.tree.modules[index].path)).or_default();
                if !group.contains(&number) {
                    group.push(number);
                }
            }
        }
        let mut moved: HashMap<usize, usize> = HashMap::new();
        for mut group in groups.into_values() {
            let resolve = |number: &usize| {
                let mut number = *number;
                while let Some(&next) = moved.get(&number) {
                    number = next;
                }
                number
            };
            group = group.iter().map(resolve).collect();
            group.sort_by_key(|&number| std::cmp::Reverse(self.structs[number].fields.len()));
            let mut heads: Vec<usize> = Vec::new();
            for number in group {
                if heads.contains(&number) {
                    continue;
                }
                let head = heads.iter().copied().find(|&head| self.lacks_only(number, head));
                match head {
                    None => heads.push(number),
                    Some(head) => {
                        self.absorb(number, head);
                        moved.insert(number, head);
                    }
                }
            }
        }
        if moved.is_empty() {
            return;
        }
        let rename = |found: &mut Type| {
            let mut inner = found;
            loop {
                match inner {
                    Type::List(next) | Type::Map(next) => inner = next,
                    Type::Struct(number) => {
                        while let Some(&next) = moved.get(number) {
                            *number = next;
                        }
                        return;
                    }
                    Type::Parameters(_) => return,
                }
            }
        };
        self.types.iter_mut().flatten().for_each(rename);
        for field in self.structs.iter_mut().flat_map(|found| found.fields.iter_mut()) {
            if let What::Child(found) | What::Path(_, Some(found)) = &mut field.what {
                rename(found);
            }
        }
        let known = std::mem::take(&mut self.known);
        self.known = known.into_iter().filter(|(_, number)| !moved.contains_key(number)).collect();
    }

    /// Whether `part` is `whole` without some of its fields, and with half of them at least.
    fn lacks_only(&self, part: usize, whole: usize) -> bool {
        let (small, large) = (&self.structs[part], &self.structs[whole]);
        let same = small.version == large.version
            && small.extra_state == large.extra_state
            && small.aliases == large.aliases;
        let mut rest = large.fields.iter();
        let mut within = small
            .fields
            .iter()
            .all(|field| rest.any(|other| other.key == field.key && other.what == field.what));
        let optional = |field: &&Field| matches!(field.what, What::Leaf { .. } | What::Child(_));
        within &= large
            .fields
            .iter()
            .filter(|field| !small.fields.iter().any(|other| other.key == field.key))
            .all(|field| optional(&field));
        same && within
            && 2 * small.fields.len() >= large.fields.len()
            && !self.contains(whole, part)
    }

    /// Whether a value of `outer` can have a value of `inner` in it.
    fn contains(&self, outer: usize, inner: usize) -> bool {
        let mut seen = vec![false; self.structs.len()];
        let mut todo = vec![outer];
        while let Some(number) = todo.pop() {
            for field in &self.structs[number].fields {
                let What::Child(found) = &field.what else { continue };
                let Some(next) = found.of_struct() else { continue };
                if next == inner {
                    return true;
                }
                if !std::mem::replace(&mut seen[next], true) {
                    todo.push(next);
                }
            }
        }
        false
    }

    fn absorb(&mut self, part: usize, whole: usize) {
        let small = std::mem::take(&mut self.structs[part].fields);
        let modules = std::mem::take(&mut self.structs[part].modules);
        let large = &mut self.structs[whole];
        for field in &mut large.fields {
            let own = small.iter().find(|own| own.key == field.key);
            field.optional |= own.is_none_or(|own| own.optional);
        }
        large.modules.extend(modules);
    }
}

impl Struct {
    /// Whether there is nothing in it.
    pub(super) fn is_unit(&self) -> bool {
        self.fields.is_empty() && !self.extra_state
    }
}

impl Type {
    /// The struct that is in it.
    pub(super) fn of_struct(&self) -> Option<usize> {
        let mut inner = self;
        loop {
            match inner {
                Type::List(next) | Type::Map(next) => inner = next,
                Type::Struct(number) => return Some(*number),
                Type::Parameters(_) => return None,
            }
        }
    }
}

/// A path with every number replaced: `layer1.0` is `layer#.#`.
fn unnumbered(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for char in path.chars() {
        if !char.is_ascii_digit() {
            text.push(char);
        } else if !text.ends_with('#') {
            text.push('#');
        }
    }
    text
}
