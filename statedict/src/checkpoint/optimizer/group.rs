//! A group of parameters with its options.

use std::collections::HashSet;

use super::OptimizerState;
use super::algorithm::Algorithm;
use super::defaults::DefaultValue;
use super::error::{OptimizerError, OptimizerProblem};
use super::into::IntoState;
use super::layout::{Group, Param};
use super::param::{ParamState, read};
use super::param_id::ParamId;
use super::value::{FromState, StateValue};
use crate::value::{Kind, Value, ValueId};

/// A group of parameters, and the options that hold for them: `lr`, `betas`, `weight_decay`, …
#[derive(Debug, Clone, Copy)]
pub struct ParamGroup<'s, 'a> {
    owner: &'s OptimizerState<'a>,
    index: usize,
}

impl<'s, 'a> ParamGroup<'s, 'a> {
    pub(super) fn new(owner: &'s OptimizerState<'a>, index: usize) -> Self {
        ParamGroup { owner, index }
    }

    fn group(&self) -> Option<&'s Group> {
        self.owner.layout.groups.get(self.index)
    }

    pub(super) fn dict(&self) -> Option<StateValue<'s, 'a>> {
        self.group().map(|group| StateValue::new(&self.owner.graph, group.node))
    }

    /// Which group it is.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its parameters with their states, in order.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ParamState<'s, 'a>> + use<'s, 'a> {
        let owner = self.owner;
        let params = self.group().map_or(0..0, |group| group.params.clone());
        params.map(move |position| ParamState::new(owner, position))
    }

    /// The options by name, in the file's order: all that is in the group but the parameters.
    pub fn options(&self) -> impl Iterator<Item = (&'s str, StateValue<'s, 'a>)> + use<'s, 'a> {
        let entries = self.dict().into_iter().flat_map(StateValue::entries);
        entries.filter(|(key, _)| *key != "params")
    }

    /// All entries, whatever their keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Value<'s>, Value<'s>)> + use<'s> {
        let dict = self.dict().and_then(|dict| dict.value().as_dict());
        dict.into_iter().flat_map(|dict| dict.iter())
    }

    /// The option `key`.
    pub fn find(&self, key: &str) -> Option<StateValue<'s, 'a>> {
        self.dict()?.find(key)
    }

    /// The option `key` as a Rust type; an `Option` is `None` where there is none, or it is Python's `None`.
    ///
    /// ```
    /// # use statedict::optim::{Algorithm, OptimizerState};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut optimizer = OptimizerState::new();
    /// optimizer.add_param_group(Algorithm::AdamW, ["fc.weight"])?;
    ///
    /// let group = optimizer.param_group(0)?;
    /// let betas: (f64, f64) = group.get("betas")?;
    /// let foreach: Option<bool> = group.get("foreach")?;
    /// assert_eq!((betas, foreach), ((0.9, 0.999), None));
    /// assert_eq!(
    ///     group.get::<f64>("learning_rate").unwrap_err().to_string(),
    ///     "group 0 has no `learning_rate`"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is none, or it is of another type.
    pub fn get<T: FromState<'a>>(&self, key: &str) -> Result<T, OptimizerError> {
        let keys = || self.options().map(|(key, _)| key);
        read(self.find(key), key, keys, || format!("group {}", self.index))
    }
}

/// A group of parameters, for changing its options.
#[derive(Debug)]
pub struct ParamGroupMut<'s, 'a> {
    owner: &'s mut OptimizerState<'a>,
    index: usize,
}

impl<'s, 'a> ParamGroupMut<'s, 'a> {
    pub(super) fn new(owner: &'s mut OptimizerState<'a>, index: usize) -> Self {
        ParamGroupMut { owner, index }
    }

    /// Sets an option: in the place of the one that is there, or as the last before the parameters. What is
    /// under `params` stays: that is no option.
    pub fn set(&mut self, key: &str, value: impl IntoState<'a>) -> &mut Self {
        let value = value.into_state(&mut self.owner.graph);
        self.put(key, value);
        self
    }

    /// The same with a value of the graph.
    pub(super) fn put(&mut self, key: &str, value: ValueId) {
        let OptimizerState { graph, layout, .. } = &mut *self.owner;
        let Some(group) = layout.groups.get(self.index).filter(|_| key != "params") else { return };
        let new = graph.find(group.node, key).is_none();
        // It is a dict, as all groups are.
        let _ = graph.put(group.node, key, value);
        // PyTorch writes the parameters last.
        let before = graph.get(group.node).as_dict().and_then(|dict| dict.len().checked_sub(2));
        if let Some(before) = before.filter(|_| new) {
            let _ = graph.move_last_entry(group.node, before);
        }
    }
}

impl<'a> OptimizerState<'a> {
    /// Adds a group with the options that an optimizer of PyTorch has by default, in its order; `set` changes
    /// them. The names are those of the parameters; they are not written, unless
    /// [`write_param_names`](Self::write_param_names) does.
    ///
    /// ```
    /// use statedict::optim::{Algorithm, OptimizerState};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut optimizer = OptimizerState::new();
    /// optimizer
    ///     .add_param_group(Algorithm::Sgd, ["fc.weight", "fc.bias"])?
    ///     .set("lr", 0.1)
    ///     .set("momentum", 0.9);
    /// assert_eq!(optimizer.params().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a name is already there. Nothing is then added.
    pub fn add_param_group<N: Into<String>>(
        &mut self,
        algorithm: Algorithm,
        names: impl IntoIterator<Item = N>,
    ) -> Result<ParamGroupMut<'_, 'a>, OptimizerError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let start = self.layout.params.len();
        let mut new = HashSet::with_capacity(names.len());
        let again = names.iter().filter(|name| {
            self.positions.contains_key(name.as_str()) || !new.insert(name.as_str())
        });
        let problems = again.map(|name| OptimizerProblem::SameName { name: name.clone() });
        OptimizerError::unless_empty(problems.collect())?;
        self.positions.extend(names.iter().cloned().zip(start..));

        let index = self.layout.groups.len();
        let node = self.graph.dict();
        for &(key, value) in algorithm.defaults() {
            let shared = self.shared_default(key, value);
            let value = shared.unwrap_or_else(|| value.add_to(&mut self.graph));
            let _ = self.graph.put(node, key, value);
        }
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let id = ParamId::Int(self.layout.next_id);
            self.layout.next_id = self.layout.next_id.saturating_add(1);
            ids.push(id.add_to(&mut self.graph));
            self.layout.params.push(Param { group: index, id, name: Some(name) });
        }
        let ids = self.graph.list(ids);
        let _ = self.graph.put(node, "params", ids);
        self.push_group(node);
        self.layout.groups.push(Group { node, params: start..self.layout.params.len() });
        Ok(ParamGroupMut::new(self, index))
    }

    /// Appends a group to the others, which are a list or a tuple.
    fn push_group(&mut self, group: ValueId) {
        let root = self.graph.root();
        let Some(groups) = root.get("param_groups") else { return };
        match groups.kind() {
            Kind::Tuple(items) => {
                let items: Vec<ValueId> =
                    items.iter().map(Value::value_id).chain([group]).collect();
                let (root, groups) = (root.value_id(), self.graph.tuple(items));
                let _ = self.graph.put(root, "param_groups", groups);
            }
            _ => {
                let groups = groups.value_id();
                let _ = self.graph.push(groups, group);
            }
        }
    }

    /// Returns a default that another group has: a tuple is one object in all groups of an optimizer.
    fn shared_default(&self, key: &str, default: DefaultValue) -> Option<ValueId> {
        let values = self.param_groups().filter_map(|group| group.find(key));
        let mut same = values.filter(|value| default.is_tuple_like(*value));
        same.next().map(StateValue::id)
    }
}
