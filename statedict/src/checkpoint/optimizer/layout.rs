//! Where the parts of an optimizer's state dict are in its graph.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::error::{OptimizerError, OptimizerProblem};
use super::param_id::ParamId;
use super::value::WrongValue;
use crate::value::{Graph, Items, Kind, Value, ValueId};

/// The places of the parts. That a node is what it is said to be was checked, and is kept.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The dict under `state`.
    pub(super) state: ValueId,
    pub(super) groups: Vec<Group>,
    pub(super) params: Vec<Param>,
    /// The state of each parameter that has one, a dict.
    pub(super) states: HashMap<ParamId, ValueId>,
    /// The number of a new parameter: PyTorch numbers them on over all groups.
    pub(super) next_id: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    /// A dict.
    pub(super) node: ValueId,
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
        Layout { state: ValueId::NONE, groups, params, states: HashMap::new(), next_id: 0 }
    }
}

impl Layout {
    /// The parts of the state dict that is the root of a graph.
    pub(super) fn read(graph: &Graph<'_>) -> Result<Layout, OptimizerError> {
        let mut reading = Reading { graph, layout: Layout::default(), problems: Vec::new() };
        reading.root();
        OptimizerError::unless_empty(reading.problems)?;
        Ok(reading.layout)
    }

    /// The entries of `state` that belong to no parameter.
    pub(super) fn others<'s>(
        &'s self,
        graph: &'s Graph<'_>,
    ) -> impl Iterator<Item = (Value<'s>, Value<'s>)> + 's {
        let ids: HashSet<&ParamId> = self.params.iter().map(|param| &param.id).collect();
        let entries = graph.get(self.state).as_dict().into_iter().flat_map(|dict| dict.iter());
        entries.filter(move |&(key, _)| ParamId::of(key).is_none_or(|id| !ids.contains(&id)))
    }
}

/// The items of a list or tuple.
fn items(value: Value<'_>) -> Option<Items<'_>> {
    match value.kind() {
        Kind::List(items) | Kind::Tuple(items) => Some(items),
        _ => None,
    }
}

struct Reading<'r, 'a> {
    graph: &'r Graph<'a>,
    layout: Layout,
    problems: Vec<OptimizerProblem>,
}

impl Reading<'_, '_> {
    fn wrong(&mut self, place: String, expected: &'static str, found: Value<'_>) {
        let wrong = WrongValue { expected, found: found.type_name() };
        self.problems.push(OptimizerProblem::Type { place, wrong });
    }

    fn root(&mut self) {
        let root = self.graph.root();
        let Some(dict) = root.as_dict() else {
            return self.wrong("the optimizer's state".to_owned(), "dict", root);
        };
        match dict.get("param_groups") {
            Some(groups) => self.groups(groups),
            None => self.problems.push(OptimizerProblem::Missing { key: "param_groups" }),
        }
        match dict.get("state") {
            Some(state) => self.states(state),
            None => self.problems.push(OptimizerProblem::Missing { key: "state" }),
        }
    }

    fn groups(&mut self, groups: Value<'_>) {
        let Some(items) = items(groups) else {
            return self.wrong("`param_groups`".to_owned(), "list", groups);
        };
        for (index, group) in items.iter().enumerate() {
            let start = self.layout.params.len();
            self.group(index, group);
            let params = start..self.layout.params.len();
            self.layout.groups.push(Group { node: group.value_id(), params });
        }
    }

    fn group(&mut self, index: usize, group: Value<'_>) {
        let Some(dict) = group.as_dict() else {
            return self.wrong(format!("group {index}"), "dict", group);
        };
        let Some(params) = dict.get("params") else {
            let (place, key) = (format!("group {index}"), "params".to_owned());
            return self.problems.push(OptimizerProblem::Absent { place, key, nearest: None });
        };
        let Some(items) = items(params) else {
            return self.wrong(format!("`params` of group {index}"), "list", params);
        };
        for item in items.iter() {
            match ParamId::of(item) {
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

    fn states(&mut self, state: Value<'_>) {
        self.layout.state = state.value_id();
        let Some(entries) = state.as_dict() else {
            return self.wrong("`state`".to_owned(), "dict", state);
        };
        let ids: HashSet<ParamId> =
            self.layout.params.iter().map(|param| param.id.clone()).collect();
        for (key, value) in entries.iter() {
            let Some(id) = ParamId::of(key).filter(|id| ids.contains(id)) else { continue };
            if value.as_dict().is_none() {
                self.wrong(format!("the state of parameter {id}"), "dict", value);
            }
            self.layout.states.insert(id, value.value_id());
        }
    }
}

/// The strings that are keys of dicts, and that Python would have interned: names of one object each.
pub(super) fn single_keys<'s>(graph: &'s Graph<'_>) -> Vec<(&'s str, ValueId)> {
    let mut found: HashMap<&str, Option<ValueId>> = HashMap::new();
    let mut order = Vec::new();
    let values = graph.reachable(graph.root().raw()).map(|value| Value::new(graph, value));
    for (key, _) in values.filter_map(Value::as_dict).flat_map(|dict| dict.iter()) {
        let Some(text) = key.as_str().filter(|text| is_name(text)) else { continue };
        let key = key.value_id();
        let known = found.entry(text).or_insert_with(|| {
            order.push(text);
            Some(key)
        });
        *known = known.filter(|&known| known == key);
    }
    let single = |text| found.get(text).copied().flatten().map(|key| (text, key));
    order.into_iter().filter_map(single).collect()
}

/// Returns `true` if a string can stand in a program as a name.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
