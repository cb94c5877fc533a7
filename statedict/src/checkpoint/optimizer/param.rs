//! The state of one parameter.

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::into::IntoState;
use super::layout;
use super::param_id::ParamId;
use super::value::{FromState, StateValue};
use crate::key;
use crate::value::{Value, ValueId};

/// The state of one parameter: what the optimizer keeps of it from step to step, by name.
#[derive(Debug, Clone, Copy)]
pub struct ParamState<'s, 'a> {
    owner: &'s OptimizerState<'a>,
    position: usize,
}

impl<'s, 'a> ParamState<'s, 'a> {
    pub(super) fn new(owner: &'s OptimizerState<'a>, position: usize) -> Self {
        ParamState { owner, position }
    }

    fn param(&self) -> Option<&'s layout::Param> {
        self.owner.layout.params.get(self.position)
    }

    /// Which parameter it is, counted over all groups.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How the state dict refers to it: its position, in what PyTorch writes.
    pub fn id(&self) -> ParamId {
        self.param().map_or(ParamId::Int(-1), |param| param.id.clone())
    }

    /// Its name, where names are known.
    pub fn name(&self) -> Option<&'s str> {
        self.param()?.name.as_deref()
    }

    /// The group it is in.
    pub fn group(&self) -> usize {
        self.param().map_or(0, |param| param.group)
    }

    /// Returns `true` if the optimizer has no state of it: before its first step, or where it needs none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Its values by name, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = (&'s str, StateValue<'s, 'a>)> + use<'s, 'a> {
        self.dict().into_iter().flat_map(StateValue::entries)
    }

    /// The value under `key`.
    pub fn find(&self, key: &str) -> Option<StateValue<'s, 'a>> {
        self.dict()?.find(key)
    }

    /// The value under `key` as a Rust type; an `Option` is `None` where there is none.
    ///
    /// ```
    /// # use statedict::optim::{Algorithm, OptimizerState};
    /// use statedict::{CpuTensor, TensorView};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut optimizer = OptimizerState::new();
    /// # optimizer.add_param_group(Algorithm::Adam, ["fc.weight"])?;
    /// # let moments = || CpuTensor::from_vec(vec![0f32; 2], [2]);
    /// # let step = CpuTensor::scalar(3f32);
    /// # optimizer.of_mut("fc.weight")?.set("step", step).set("exp_avg", moments()?);
    /// let state = optimizer.of("fc.weight")?;
    /// let step: i64 = state.get("step")?;
    /// let first: TensorView = state.get("exp_avg")?;
    /// let largest: Option<TensorView> = state.get("max_exp_avg_sq")?;
    /// # assert_eq!((step, first.numel(), largest.is_none()), (3, 2, true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there is none, or it is of another type.
    pub fn get<T: FromState<'a>>(&self, key: &str) -> Result<T, OptimizerError> {
        let keys = || self.iter().map(|(key, _)| key);
        read(self.find(key), key, keys, || format!("the state of {}", self.title()))
    }

    /// The parameter for messages.
    pub(super) fn title(&self) -> String {
        self.name().map_or_else(|| format!("parameter {}", self.id()), |name| format!("`{name}`"))
    }

    pub(super) fn dict(&self) -> Option<StateValue<'s, 'a>> {
        let state = self.owner.layout.states.get(&self.param()?.id)?;
        Some(StateValue::new(&self.owner.graph, *state))
    }
}

/// Reads what was found under `key`.
pub(super) fn read<'k, 'a, T: FromState<'a>, K: Iterator<Item = &'k str>>(
    found: Option<StateValue<'_, 'a>>,
    key: &str,
    keys: impl FnOnce() -> K,
    place: impl FnOnce() -> String,
) -> Result<T, OptimizerError> {
    let problem = match found {
        Some(value) => match value.get() {
            Ok(value) => return Ok(value),
            Err(wrong) => {
                OptimizerProblem::Type { place: format!("`{key}` of {}", place()), wrong }
            }
        },
        None => match T::absent() {
            Some(value) => return Ok(value),
            None => OptimizerProblem::Absent {
                place: place(),
                key: key.to_owned(),
                nearest: key::nearest(key, keys()).map(str::to_owned),
            },
        },
    };
    Err(problem.into())
}

/// The state of one parameter, for changing it.
#[derive(Debug)]
pub struct ParamStateMut<'s, 'a> {
    owner: &'s mut OptimizerState<'a>,
    position: usize,
}

impl<'s, 'a> ParamStateMut<'s, 'a> {
    pub(super) fn new(owner: &'s mut OptimizerState<'a>, position: usize) -> Self {
        ParamStateMut { owner, position }
    }

    /// Puts a value under `key`: in the place of the one that is there, or at the end.
    pub fn set(&mut self, key: &str, value: impl IntoState<'a>) -> &mut Self {
        let value = value.into_state(&mut self.owner.graph);
        self.put(key, value);
        self
    }

    /// The same with a value of the graph.
    pub(super) fn put(&mut self, key: &str, value: ValueId) {
        if let Some(state) = self.dict() {
            // It is a dict, as all states are.
            let _ = self.owner.graph.put(state, key, value);
        }
    }

    /// Removes all of the parameter's state, as if the optimizer had not made a step.
    pub fn clear(&mut self) -> &mut Self {
        let OptimizerState { graph, layout, .. } = &mut *self.owner;
        let Some(param) = layout.params.get(self.position) else { return self };
        if layout.states.remove(&param.id).is_some() {
            let same = |key: Value<'_>| ParamId::of(key).is_some_and(|id| id == param.id);
            while let Some(states) = graph.get(layout.state).as_dict()
                && let Some(position) = states.position(same)
                && graph.remove_entry(layout.state, position).is_ok()
            {}
        }
        self
    }

    /// The dict of the parameter's state, which is made where there is none.
    fn dict(&mut self) -> Option<ValueId> {
        let OptimizerState { graph, layout, .. } = &mut *self.owner;
        let id = &layout.params.get(self.position)?.id;
        if let Some(&state) = layout.states.get(id) {
            return Some(state);
        }
        let (key, state) = (id.add_to(graph), graph.dict());
        // What is under `state` is a dict, as was checked.
        let _ = graph.push_entry(layout.state, key, state);
        layout.states.insert(id.clone(), state);
        Some(state)
    }
}
