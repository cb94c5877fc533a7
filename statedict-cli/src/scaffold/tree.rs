//! The modules of a state dict, out of its keys and `_metadata`.

use std::collections::{HashMap, HashSet};

use statedict::{DType, StateMap, TensorView};

use super::name::literal;
use crate::failure::Failure;

/// Deeper than any module; what is printed nests as deep.
const MAX_DEPTH: usize = 64;

/// More fields than any struct has.
const MAX_FIELDS: usize = 10_000;

/// All modules; a module comes after the one that it is in.
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    /// The modules by path, but the root.
    known: HashMap<String, usize>,
}

/// One module.
#[derive(Default)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) depth: usize,
    pub(super) version: Option<u64>,
    pub(super) leaves: Vec<(String, Leaf)>,
    pub(super) extra_state: bool,
    pub(super) children: Vec<(String, Child)>,
    /// Names below this module, and what they are names of: paths from here.
    pub(super) aliases: Vec<(String, String)>,
}

pub(super) enum Leaf {
    Tensor(Slot),
    /// Another name of a leaf of the same module.
    Alias(String),
}

/// A parameter or buffer.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    pub(super) buffer: bool,
}

pub(super) enum Child {
    Module(usize),
    /// Another name of what is at a path from here; the module, where it is one.
    Alias(String, Option<usize>),
}

impl Tree {
    /// The modules of a state dict, of whose keys the file may tell which are parameters.
    pub(super) fn of(
        map: &StateMap<'_>,
        is_parameter: impl Fn(&str) -> Option<bool>,
    ) -> Result<Tree, Failure> {
        let mut tree = Building { modules: vec![Module::default()], known: HashMap::new() };
        let mut problems = Vec::new();
        for (path, entry) in map.metadata().into_iter().flat_map(|metadata| metadata.iter()) {
            match tree.module(path) {
                Ok(module) => tree.modules[module].version = entry.version(),
                Err(problem) => problems.push(problem),
            }
        }
        let mut tensors = HashSet::new();
        let mut tells_buffers = false;
        for (key, tensor) in map.iter() {
            let is_parameter = is_parameter(key);
            tells_buffers |= is_parameter.is_some();
            let leaf = (tensor, is_parameter == Some(false));
            if let Err(problem) = tree.leaf(key, leaf, &tensors) {
                problems.push(problem);
            }
            tensors.insert(key);
        }
        for path in map.values().filter_map(|(key, _)| extra_state_of(key)) {
            match tree.module(path) {
                Ok(module) => tree.modules[module].extra_state = true,
                Err(problem) => problems.push(problem),
            }
        }
        for module in &mut tree.modules {
            let leaves: HashSet<&str> =
                module.leaves.iter().map(|(name, _)| name.as_str()).collect();
            for (name, _) in &module.children {
                if leaves.contains(name.as_str()) {
                    let path = join(&module.path, name);
                    problems.push(format!("{} is a tensor and a module", literal(&path)));
                }
            }
            if module.leaves.len() + module.children.len() > MAX_FIELDS {
                let path = literal(&module.path);
                problems.push(format!("module {path} has more than {MAX_FIELDS} parts"));
            }
            if !tells_buffers {
                module.mark_buffers();
            }
            if map.metadata().is_none() && module.has("num_batches_tracked") {
                // So it has been since there is such a buffer.
                module.version = Some(2);
            }
        }
        if problems.is_empty() {
            return Ok(Tree { modules: tree.modules, known: tree.known });
        }
        let more = problems.len().saturating_sub(8);
        problems.truncate(8);
        let mut text = format!("no struct can have these keys: {}", problems.join("; "));
        if more > 0 {
            text.push_str(&format!("; and {more} more"));
        }
        Err(text.into())
    }

    /// The keys and the modules' paths in the order in which the printed model has them.
    pub(super) fn order(&self) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut modules) = (Vec::new(), Vec::new());
        // The module that is at a path, its own or an alias's.
        let mut todo = vec![Step::Module(0, String::new())];
        while let Some(step) = todo.pop() {
            let (index, prefix) = match step {
                Step::Key(key) => {
                    keys.push(key);
                    continue;
                }
                Step::Module(index, prefix) => (index, prefix),
            };
            let module = &self.modules[index];
            let extra = module.extra_state.then(|| Step::Key(join(&prefix, "_extra_state")));
            let leaves = module.leaves.iter().map(|(name, _)| Step::Key(join(&prefix, name)));
            let children = module.children.iter().map(|(name, child)| match child {
                Child::Module(child) | Child::Alias(_, Some(child)) => {
                    Step::Module(*child, join(&prefix, name))
                }
                Child::Alias(_, None) => Step::Key(join(&prefix, name)),
            });
            let aliases =
                module.aliases.iter().map(|(name, target)| match self.below(index, target) {
                    Some(module) => Step::Module(module, join(&prefix, name)),
                    None => Step::Key(join(&prefix, name)),
                });
            let steps: Vec<Step> = leaves.chain(extra).chain(children).chain(aliases).collect();
            todo.extend(steps.into_iter().rev());
            modules.push(prefix);
        }
        (keys, modules)
    }

    /// The module at a path from another.
    pub(super) fn below(&self, from: usize, path: &str) -> Option<usize> {
        self.known.get(&join(&self.modules[from].path, path)).copied()
    }
}

enum Step {
    Key(String),
    Module(usize, String),
}

impl Module {
    pub(super) fn has(&self, leaf: &str) -> bool {
        self.leaves.iter().any(|(name, _)| name == leaf)
    }

    /// Files do not say which leaf is a buffer. What has a buffer's name or element type is one; and
    /// what comes after it, for a module's buffers come after its parameters.
    fn mark_buffers(&mut self) {
        let spectral = self.has("weight_orig");
        let sure = |name: &str, slot: &Slot| {
            let spectral = spectral && matches!(name, "weight_u" | "weight_v");
            let named =
                matches!(name, "running_mean" | "running_var" | "num_batches_tracked" | "inv_freq");
            spectral || named || name.ends_with("_mask") || !is_differentiable(slot.dtype)
        };
        let first = self
            .leaves
            .iter()
            .position(|(name, leaf)| matches!(leaf, Leaf::Tensor(slot) if sure(name, slot)));
        for (_, leaf) in self.leaves.iter_mut().skip(first.unwrap_or(usize::MAX)) {
            if let Leaf::Tensor(slot) = leaf {
                slot.buffer = true;
            }
        }
    }
}

/// Whether a tensor of this type can be a parameter that learns.
fn is_differentiable(dtype: DType) -> bool {
    let name = dtype.name();
    name.starts_with("float") || name.starts_with("bfloat") || name.contains("complex")
}

struct Building {
    modules: Vec<Module>,
    known: HashMap<String, usize>,
}

impl Building {
    /// The module at a path, made with all it is in where it is new.
    fn module(&mut self, path: &str) -> Result<usize, String> {
        if path.is_empty() {
            return Ok(0);
        }
        if let Some(&known) = self.known.get(path) {
            return Ok(known);
        }
        let depth = path.split('.').count();
        if depth > MAX_DEPTH {
            return Err(format!("{} is {depth} modules deep", literal(path)));
        }
        let mut parent = 0;
        let mut end = 0;
        for (level, segment) in path.split('.').enumerate() {
            check(segment, path)?;
            end += segment.len() + usize::from(level > 0);
            let here = &path[..end];
            parent = match self.known.get(here) {
                Some(&known) => known,
                None => {
                    let module =
                        Module { path: here.to_owned(), depth: level + 1, ..Module::default() };
                    let index = self.modules.len();
                    self.modules.push(module);
                    self.modules[parent].children.push((segment.to_owned(), Child::Module(index)));
                    self.known.insert(here.to_owned(), index);
                    index
                }
            };
        }
        Ok(parent)
    }

    fn leaf(
        &mut self,
        key: &str,
        (tensor, buffer): (&TensorView<'_>, bool),
        tensors: &HashSet<&str>,
    ) -> Result<(), String> {
        // What is below a tensor that came before, such as `weight.absmax`, its module writes by itself.
        let above = key.match_indices('.').map(|(end, _)| &key[..end]);
        let tensor_above = above.clone().find(|above| tensors.contains(above));
        let module = tensor_above.unwrap_or(key).rsplit_once('.');
        let path = module.map_or("", |(path, _)| path);
        let name = if path.is_empty() { key } else { &key[path.len() + 1..] };
        name.split('.').try_for_each(|segment| check(segment, key))?;
        if key.starts_with('.') {
            return Err(format!("{} has an empty name", literal(key)));
        }
        let module = self.module(path)?;
        let slot = Slot { dtype: tensor.dtype(), shape: tensor.shape().to_vec(), buffer };
        self.modules[module].leaves.push((name.to_owned(), Leaf::Tensor(slot)));
        Ok(())
    }
}

/// What the derive takes as a name.
fn check(segment: &str, key: &str) -> Result<(), String> {
    if segment.is_empty() {
        return Err(format!("{} has an empty name", literal(key)));
    }
    if segment.trim() != segment || segment.contains(char::is_control) {
        return Err(format!("{} has white space or control characters", literal(key)));
    }
    Ok(())
}

/// Returns the module whose extra state has this key; `None` where the key is that of something else.
pub(super) fn extra_state_of(key: &str) -> Option<&str> {
    let path = key.strip_suffix("_extra_state")?;
    if path.is_empty() { Some(path) } else { path.strip_suffix('.') }
}

pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
