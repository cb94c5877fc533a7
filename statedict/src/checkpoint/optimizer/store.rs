//! A state, brought up to date from an optimizer of the user's.

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::number::{self, Number};
use super::value::{StateValue, WrongValue};
use crate::collect;
use crate::dtype::DType;
use crate::tensor::{TensorView, cast};
use crate::value::{Graph, Kind, Value, ValueId};
use crate::visit::StateDict;

/// The place that a leaf of the struct goes to.
enum Place<'k> {
    State { position: usize, path: Vec<&'k str> },
    Option { group: usize, path: Vec<&'k str> },
}

impl<'a> OptimizerState<'a> {
    /// The reverse of [`load_into`](Self::load_into): the same state with what the struct's leaves hold, where PyTorch
    /// has it. Their elements are borrowed.
    ///
    /// What is there already keeps its kind: a number stays a number, a tensor its element type, so that an integer
    /// `step` is written as PyTorch counts. What is new becomes a tensor in a state (`step` one of float32), and
    /// a number or a tuple of numbers in a group. What the struct has not stays as it was.
    ///
    /// # Errors
    /// Where a key is none of an optimizer's state dict, or there is no such group or parameter.
    pub fn updated_from<'m, M: StateDict + ?Sized>(
        &self,
        optimizer: &'m M,
    ) -> Result<OptimizerState<'m>, OptimizerError>
    where
        'a: 'm,
    {
        let map = collect::state_dict(optimizer).map_err(OptimizerProblem::Collect)?;
        let mut updated: OptimizerState<'m> = self.clone();
        let mut problems = Vec::new();
        for (key, view) in map.iter() {
            if let Err(error) = updated.update(key, view) {
                problems.extend(error.problems);
            }
        }
        for (key, _) in map.values() {
            let reason = "an extra state has no place in an optimizer's state dict";
            problems.push(OptimizerProblem::Foreign { key: key.to_owned(), reason });
        }
        OptimizerError::unless_empty(problems)?;
        Ok(updated)
    }

    fn update(&mut self, key: &str, view: &TensorView<'a>) -> Result<(), OptimizerError> {
        let foreign = |reason| {
            OptimizerError::from(OptimizerProblem::Foreign { key: key.to_owned(), reason })
        };
        let place = self.place(key).map_err(foreign)?;
        let (dict, path, in_state) = match &place {
            Place::State { position, path } => {
                (self.param(*position).ok().and_then(|param| param.dict()), path, true)
            }
            Place::Option { group, path } => {
                (self.param_group(*group).ok().and_then(|group| group.dict()), path, false)
            }
        };
        let Some((first, rest)) = path.split_first() else { return Err(foreign(NO_PLACE)) };
        let found = dict.and_then(|dict| dict.find(first));
        let old = rest.iter().try_fold(found, |value, part| match value {
            Some(value) => step_into(value, part).map(Some),
            None => None,
        });
        let Some(old) = old else { return Err(foreign("the state dict has no such container")) };
        let found = found.map(StateValue::id);
        let wrong = |wrong| {
            OptimizerError::from(OptimizerProblem::Type { place: format!("`{key}`"), wrong })
        };
        let new = match old {
            Some(old) if !old.is_none() => {
                let old = old.id();
                replacement(&mut self.graph, old, view).map_err(wrong)?
            }
            _ if in_state => self.graph.add(new_in_state(first, view)),
            _ => new_option(&mut self.graph, view).map_err(wrong)?,
        };
        // What holds the value may be held by others too: they keep the old one.
        let new = match found {
            Some(found) => rebuilt(&mut self.graph, found, rest, new),
            None => new,
        };
        let first = *first;
        match place {
            Place::State { position, .. } => {
                if let Ok(mut param) = self.param_mut(position) {
                    param.put(first, new);
                }
            }
            Place::Option { group, .. } => {
                if let Ok(mut group) = self.param_group_mut(group) {
                    group.put(first, new);
                }
            }
        }
        Ok(())
    }

    fn place<'k>(&self, key: &'k str) -> Result<Place<'k>, &'static str> {
        let mut parts = key.split('.');
        let (kind, index) = (parts.next(), parts.next());
        let index = index.and_then(|index| index.parse::<usize>().ok()).ok_or(NO_PLACE)?;
        let path: Vec<&str> = parts.collect();
        if path.is_empty() {
            return Err(NO_PLACE);
        }
        match kind {
            Some("state") if index >= self.params().len() => {
                Err("the optimizer's state has not so many parameters")
            }
            Some("state") => Ok(Place::State { position: index, path }),
            Some("param_groups") if index >= self.param_groups().len() => {
                Err("the optimizer's state has not so many groups")
            }
            Some("param_groups") if path.first() == Some(&"params") => Err(NO_PLACE),
            Some("param_groups") => Ok(Place::Option { group: index, path }),
            _ => Err(NO_PLACE),
        }
    }
}

const NO_PLACE: &str =
    "no part of an optimizer's state dict: those are `state.N.NAME` and `param_groups.N.NAME`";

/// An element of a list or tuple, or a value of a dict.
fn step_into<'s, 'a>(value: StateValue<'s, 'a>, part: &str) -> Option<StateValue<'s, 'a>> {
    match value.items() {
        Some(mut items) => items.nth(part.parse().ok()?),
        None => value.find(part),
    }
}

/// The container with another value at a path within it.
fn rebuilt(graph: &mut Graph<'_>, container: ValueId, path: &[&str], new: ValueId) -> ValueId {
    let Some((part, rest)) = path.split_first() else { return new };
    let old = StateValue::new(graph, container);
    let Some(old) = step_into(old, part).map(StateValue::id) else { return new };
    let new = rebuilt(graph, old, rest, new);
    let value = graph.get(container);
    match value.kind() {
        Kind::Dict(dict) => {
            let Some(position) = dict.position(|key| key.is_str(part)) else { return new };
            let copy = graph.shallow_copy(container);
            let _ = graph.replace_entry(copy, position, new);
            copy
        }
        kind => {
            let items = value.as_items().into_iter().flat_map(|items| items.iter());
            let mut items: Vec<ValueId> = items.map(Value::value_id).collect();
            let item = part.parse().ok().and_then(|index: usize| items.get_mut(index));
            let Some(item) = item else { return new };
            *item = new;
            match kind {
                Kind::List(_) => graph.list(items),
                Kind::Size(_) => graph.torch_size(items),
                _ => graph.tuple(items),
            }
        }
    }
}

/// Makes the replacement of a value: something of its kind.
fn replacement<'a>(
    graph: &mut Graph<'a>,
    old: ValueId,
    view: &TensorView<'a>,
) -> Result<ValueId, WrongValue> {
    let value = StateValue::new(graph, old);
    let found = || WrongValue {
        expected: "a number, a tuple of numbers or a tensor, as the struct has it",
        found: value.type_name(),
    };
    if let Some(old) = value.tensor() {
        let new = converted(view, old.dtype()).ok_or_else(found)?;
        return Ok(graph.add(new));
    }
    let is_list = matches!(value.kind(), Kind::List(_));
    let old: Option<Vec<Number>> = match value.items() {
        Some(items) => items.map(|item| Number::of(item.value())).collect(),
        None => Number::of(value.value()).map(|number| vec![number]),
    };
    let as_many_dimensions = view.shape().len() == usize::from(value.items().is_some());
    let (Some(new), Some(old), true) = (number::numbers(view)?, old, as_many_dimensions) else {
        return Err(found());
    };
    let numbers: Option<Vec<Number>> = match new.len() == old.len() {
        true => {
            let pairs = new.iter().zip(&old);
            pairs.map(|(new, old)| new.in_place_of(*old, view.dtype())).collect()
        }
        false => Some(new),
    };
    let numbers = numbers.ok_or_else(found)?;
    let ids: Vec<ValueId> =
        numbers.into_iter().map(|number| graph.add(number.new_value())).collect();
    Ok(match ids.as_slice() {
        [one] if view.shape().is_empty() => *one,
        _ if is_list => graph.list(ids),
        _ => graph.tuple(ids),
    })
}

/// A tensor with elements of another type.
fn converted<'a>(view: &TensorView<'a>, dtype: DType) -> Option<TensorView<'a>> {
    if view.dtype() == dtype {
        return Some(view.clone());
    }
    let bytes = cast(&view.bytes().ok()?, view.dtype(), dtype)?;
    TensorView::from_bytes(bytes, dtype, view.shape().clone()).ok()
}

/// A new value of a parameter's state.
fn new_in_state<'a>(key: &str, view: &TensorView<'a>) -> TensorView<'a> {
    // PyTorch's counter, whatever the struct counts in.
    let counter = key == "step" && view.shape().is_empty();
    let counter = counter.then(|| converted(view, DType::F32)).flatten();
    counter.unwrap_or_else(|| view.clone())
}

/// A new option.
fn new_option<'a>(graph: &mut Graph<'a>, view: &TensorView<'a>) -> Result<ValueId, WrongValue> {
    let Some(numbers) = number::numbers(view)? else { return Ok(graph.add(view.clone())) };
    let ids: Vec<ValueId> =
        numbers.into_iter().map(|number| graph.add(number.new_value())).collect();
    Ok(match ids.as_slice() {
        [one] if view.shape().is_empty() => *one,
        _ => graph.tuple(ids),
    })
}
