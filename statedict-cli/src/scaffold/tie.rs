//! Tensors and modules with several names, and where the attribute that says so belongs.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use statedict::{DType, StateMap};

use super::tree::{Child, Leaf, Tree, join};

/// What sharing the tree could not say.
#[derive(Default)]
pub(super) struct Unsaid {
    /// Keys whose storage other tensors use too, though they are not the same tensor.
    pub(super) views: Vec<String>,
}

/// Makes aliases of the names that a tensor has besides its first.
pub(super) fn tie(tree: &mut Tree, map: &StateMap<'_>) -> Unsaid {
    let (first, unsaid) = first_names(map);
    if first.is_empty() {
        return unsaid;
    }
    let parents = parents(tree);
    let targets = module_targets(tree, &first);
    let mut hidden = vec![false; tree.modules.len()];
    for index in 1..tree.modules.len() {
        let (parent, _) = parents[index];
        if hidden[parent] {
            hidden[index] = true;
            continue;
        }
        let Some(target) = targets[index].as_deref() else { continue };
        let path = tree.modules[index].path.clone();
        let Some(other) = tree.below(0, target).filter(|&other| same(tree, index, other)) else {
            continue;
        };
        hidden[index] = true;
        let (parent, place) = parents[index];
        match below(target, &tree.modules[parent].path) {
            Some(relative) => {
                tree.modules[parent].children[place].1 =
                    Child::Alias(relative.to_owned(), Some(other));
            }
            None => {
                // Its place stays, so that the others keep theirs; it is swept up below.
                tree.modules[parent].children[place].1 = Child::Alias(String::new(), None);
                declare(tree, &path, target);
            }
        }
    }
    for (index, hidden) in hidden.into_iter().enumerate() {
        if !hidden {
            leaves(tree, index, &first);
        }
        tree.modules[index]
            .children
            .retain(|(_, child)| !matches!(child, Child::Alias(target, None) if target.is_empty()));
    }
    unsaid
}

/// What makes two tensors one.
#[derive(PartialEq, Eq, Hash)]
struct View {
    storage: (usize, u32),
    dtype: DType,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    bits: (bool, bool),
}

/// For each name of a tensor that has an earlier one: that one.
fn first_names(map: &StateMap<'_>) -> (HashMap<String, String>, Unsaid) {
    let mut storages = HashSet::new();
    let mut seen = HashMap::new();
    let mut first = HashMap::new();
    let mut unsaid = Unsaid::default();
    for (key, tensor) in map.iter() {
        let new = storages.insert(tensor.storage().identity());
        let view = View {
            storage: tensor.storage().identity(),
            dtype: tensor.dtype(),
            offset: tensor.storage_offset(),
            shape: tensor.shape().to_vec(),
            strides: tensor.strides().to_vec(),
            bits: (tensor.is_conj(), tensor.is_neg()),
        };
        match seen.entry(view) {
            Entry::Occupied(name) => {
                let name: &&str = name.get();
                first.insert(key.to_owned(), (*name).to_owned());
            }
            Entry::Vacant(place) => {
                place.insert(key);
                if !new {
                    unsaid.views.push(key.to_owned());
                }
            }
        }
    }
    (first, unsaid)
}

/// For each module, the one that it is in, and its place there.
fn parents(tree: &Tree) -> Vec<(usize, usize)> {
    let mut parents = vec![(0, 0); tree.modules.len()];
    for (index, module) in tree.modules.iter().enumerate() {
        for (place, (_, child)) in module.children.iter().enumerate() {
            if let Child::Module(child) = child {
                parents[*child] = (index, place);
            }
        }
    }
    parents
}

/// For each module whose every leaf is another's under the same name: the path of that other.
fn module_targets(tree: &Tree, first: &HashMap<String, String>) -> Vec<Option<String>> {
    let mut targets: Vec<Option<String>> = vec![None; tree.modules.len()];
    // Whether there are leaves in it at all.
    let mut empty = vec![true; tree.modules.len()];
    for (index, module) in tree.modules.iter().enumerate().rev() {
        let mut target: Option<String> = None;
        let mut fits = !module.extra_state;
        let mut expect = |found: Option<&str>, name: &str| {
            let found = found.and_then(|found| {
                if found == name { Some("") } else { found.strip_suffix(name)?.strip_suffix('.') }
            });
            match (found, &target) {
                (None, _) => fits = false,
                (Some(found), None) => target = Some(found.to_owned()),
                (Some(found), Some(target)) => fits &= found == target,
            }
        };
        for (name, _) in &module.leaves {
            empty[index] = false;
            expect(first.get(&join(&module.path, name)).map(String::as_str), name);
        }
        for (name, child) in &module.children {
            if let Child::Module(child) = *child
                && !empty[child]
            {
                empty[index] = false;
                expect(targets[child].as_deref(), name);
            }
        }
        targets[index] = target.filter(|target| fits && !target.is_empty());
    }
    targets
}

/// Whether two modules have the same names and versions all the way down.
fn same(tree: &Tree, one: usize, other: usize) -> bool {
    let mut todo = vec![(one, other)];
    while let Some((one, other)) = todo.pop() {
        let (one, other) = (&tree.modules[one], &tree.modules[other]);
        let leaves = one.leaves.iter().map(|(name, _)| name);
        if one.version != other.version
            || other.extra_state
            || one.children.len() != other.children.len()
            || !leaves.eq(other.leaves.iter().map(|(name, _)| name))
        {
            return false;
        }
        for ((name, one), (other_name, other)) in one.children.iter().zip(&other.children) {
            match (one, other) {
                (Child::Module(one), Child::Module(other)) if name == other_name => {
                    todo.push((*one, *other));
                }
                _ => return false,
            }
        }
    }
    true
}

/// The leaves of one module that are names of others.
fn leaves(tree: &mut Tree, index: usize, first: &HashMap<String, String>) {
    let path = tree.modules[index].path.clone();
    let old = std::mem::take(&mut tree.modules[index].leaves);
    for (name, leaf) in old {
        let key = join(&path, &name);
        let target = first.get(&key);
        let module = &mut tree.modules[index];
        match target.map(|target| (target, below(target, &path))) {
            None => module.leaves.push((name, leaf)),
            Some((_, Some(relative))) if !relative.contains('.') => {
                module.leaves.push((name, Leaf::Alias(relative.to_owned())));
            }
            Some((_, Some(relative))) => {
                module.children.push((name, Child::Alias(relative.to_owned(), None)));
            }
            Some((target, None)) => declare(tree, &key, target),
        }
    }
}

/// Says that `name` is `target` on the innermost module that both are in, and that becomes a struct.
fn declare(tree: &mut Tree, name: &str, target: &str) {
    let mut at = 0;
    let mut found = 0;
    for (own, other) in name.split('.').zip(target.split('.')) {
        if own != other {
            break;
        }
        let Some(next) = tree.below(at, own) else { break };
        at = next;
        let children = &tree.modules[at].children;
        let list = children.iter().all(|(name, _)| name.bytes().all(|byte| byte.is_ascii_digit()));
        if !list {
            found = at;
        }
    }
    let path = tree.modules[found].path.clone();
    let relative = |key: &str| below(key, &path).unwrap_or(key).to_owned();
    let alias = (relative(name), relative(target));
    tree.modules[found].aliases.push(alias);
}

/// What follows the module's path in a key that is in it.
fn below<'k>(key: &'k str, path: &str) -> Option<&'k str> {
    if path.is_empty() { Some(key) } else { key.strip_prefix(path)?.strip_prefix('.') }
}
