//! Where the parts of an optimizer's state dict are in its tree.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::error::{OptimizerError, OptimizerProblem};
use super::param::ParamId;
use super::value::{WrongValue, type_name};
use crate::value::{DictNode, Node, NodeId, Tree};

/// Where the parts are. That a node is what it is said to be was checked, and is kept.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The dict under `state`.
    pub(super) state: NodeId,
    pub(super) groups: Vec<Group>,
    pub(super) params: Vec<Param>,
    /// The state of each parameter that has one, a dict.
    pub(super) states: HashMap<ParamId, NodeId>,
    /// The number of a new parameter: PyTorch numbers them on over all groups.
    pub(super) next_id: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    /// A dict.
    pub(super) node: NodeId,
    /// Its parameters among all.
    pub(super) params: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Param {
    pub(super) group: usize,
    pub(super) id: ParamId,
    pub(super) name: Option<String>,
}

impl Default for Layout {
    fn default() -> Self {
        let (groups, params) = (Vec::new(), Vec::new());
        Layout { state: Tree::new().root(), groups, params, states: HashMap::new(), next_id: 0 }
    }
}

impl Layout {
    /// The parts of the state dict that is the root of a tree.
    pub(super) fn read(tree: &Tree<'_>) -> Result<Layout, OptimizerError> {
        let mut reading = Reading { tree, layout: Layout::default(), problems: Vec::new() };
        reading.root();
        OptimizerError::unless_empty(reading.problems)?;
        Ok(reading.layout)
    }

    /// The entries of `state` that belong to no parameter.
    pub(super) fn others<'s>(
        &'s self,
        tree: &'s Tree<'_>,
    ) -> impl Iterator<Item = (NodeId, NodeId)> + 's {
        let ids: HashSet<&ParamId> = self.params.iter().map(|param| &param.id).collect();
        let entries = dict(tree, self.state).map_or(&[][..], |dict| &dict.entries);
        entries
            .iter()
            .copied()
            .filter(move |&(key, _)| ParamId::of(tree, key).is_none_or(|id| !ids.contains(&id)))
    }
}

/// The dict that a node is.
pub(super) fn dict<'s>(tree: &'s Tree<'_>, node: NodeId) -> Option<&'s DictNode> {
    match tree.get(node) {
        Some(Node::Dict(dict)) => Some(dict),
        _ => None,
    }
}

/// The elements of a list or tuple.
pub(super) fn items<'s>(tree: &'s Tree<'_>, node: NodeId) -> Option<&'s [NodeId]> {
    match tree.get(node) {
        Some(Node::List(items) | Node::Tuple(items)) => Some(items),
        _ => None,
    }
}

struct Reading<'r, 'a> {
    tree: &'r Tree<'a>,
    layout: Layout,
    problems: Vec<OptimizerProblem>,
}

impl Reading<'_, '_> {
    fn wrong(&mut self, place: String, expected: &'static str, found: NodeId) {
        let found = self.tree.get(found).map_or("nothing", type_name).to_owned();
        let wrong = WrongValue { expected, found };
        self.problems.push(OptimizerProblem::Type { place, wrong });
    }

    fn root(&mut self) {
        let root = self.tree.root();
        if dict(self.tree, root).is_none() {
            return self.wrong("the optimizer's state".to_owned(), "dict", root);
        }
        match self.tree.find(root, "param_groups") {
            Some(groups) => self.groups(groups),
            None => self.problems.push(OptimizerProblem::Missing { key: "param_groups" }),
        }
        match self.tree.find(root, "state") {
            Some(state) => self.states(state),
            None => self.problems.push(OptimizerProblem::Missing { key: "state" }),
        }
    }

    fn groups(&mut self, groups: NodeId) {
        let Some(items) = items(self.tree, groups) else {
            return self.wrong("`param_groups`".to_owned(), "list", groups);
        };
        for (index, &node) in items.iter().enumerate() {
            let start = self.layout.params.len();
            self.group(index, node);
            let params = start..self.layout.params.len();
            self.layout.groups.push(Group { node, params });
        }
    }

    fn group(&mut self, index: usize, group: NodeId) {
        if dict(self.tree, group).is_none() {
            return self.wrong(format!("group {index}"), "dict", group);
        }
        let Some(params) = self.tree.find(group, "params") else {
            let (place, key) = (format!("group {index}"), "params".to_owned());
            return self.problems.push(OptimizerProblem::Absent { place, key, nearest: None });
        };
        let Some(items) = items(self.tree, params) else {
            return self.wrong(format!("`params` of group {index}"), "list", params);
        };
        for &item in items {
            match ParamId::of(self.tree, item) {
                Some(id) => {
                    if let ParamId::Int(number) = id {
                        let next = number.saturating_add(1);
                        self.layout.next_id = self.layout.next_id.max(next);
                    }
                    self.layout.params.push(Param { group: index, id, name: None });
                }
                None => self.wrong(format!("`params` of group {index}"), "int or str", item),
            }
        }
    }

    fn states(&mut self, state: NodeId) {
        self.layout.state = state;
        let Some(entries) = dict(self.tree, state).map(|dict| &dict.entries) else {
            return self.wrong("`state`".to_owned(), "dict", state);
        };
        let ids: HashSet<ParamId> =
            self.layout.params.iter().map(|param| param.id.clone()).collect();
        for &(key, value) in entries {
            let Some(id) = ParamId::of(self.tree, key).filter(|id| ids.contains(id)) else {
                continue;
            };
            if dict(self.tree, value).is_none() {
                self.wrong(format!("the state of parameter {id}"), "dict", value);
            }
            self.layout.states.insert(id, value);
        }
    }
}

/// The strings that are keys of dicts, and that Python would have interned: names of one object each.
pub(super) fn single_keys<'s>(tree: &'s Tree<'_>) -> Vec<(&'s str, NodeId)> {
    let mut found: HashMap<&str, Option<NodeId>> = HashMap::new();
    let mut order = Vec::new();
    let mut seen = HashSet::from([tree.root()]);
    let mut todo = vec![tree.root()];
    let mut parts = Vec::new();
    while let Some(id) = todo.pop() {
        let Some(node) = tree.get(id) else { continue };
        if let Node::Dict(dict) = node {
            for &(key, _) in &dict.entries {
                let Some(Node::Str(text)) = tree.get(key) else { continue };
                if !is_name(text) {
                    continue;
                }
                let known = found.entry(text).or_insert_with(|| {
                    order.push(text.as_ref());
                    Some(key)
                });
                *known = known.filter(|&known| known == key);
            }
        }
        node.push_parts(&mut parts);
        todo.extend(parts.drain(..).filter(|&part| seen.insert(part)));
    }
    let single = |text| found.get(text).copied().flatten().map(|key| (text, key));
    order.into_iter().filter_map(single).collect()
}

/// Whether a string can stand in a program as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
