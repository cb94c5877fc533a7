//! An optimizer of the user's, as a struct that derives `StateDict`, filled from a state.

use std::collections::{HashMap, HashSet};

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::number;
use super::value::StateValue;
use crate::dtype::DType;
use crate::load::{self, LoadOptions, LoadReport};
use crate::map::StateMap;
use crate::value::{Graph, Kind, SharedValue};
use crate::visit;
use crate::visit::StateDict;

/// Options that say how PyTorch computes, or that only its schedulers read.
pub(super) const NOT_THE_OPTIMIZERS: &[&str] = &[
    "foreach",
    "fused",
    "capturable",
    "differentiable",
    "param_names",
    "initial_lr",
    "max_lr",
    "min_lr",
    "max_momentum",
    "base_momentum",
    "swa_lr",
];

impl OptimizerState<'_> {
    /// Fills an optimizer of your own: a struct with the fields `state`, one module for each parameter in order, and
    /// `param_groups`, one for each group. Their leaves are named as PyTorch's; a Python number fills a leaf
    /// without dimensions, a tuple of numbers one of one dimension.
    ///
    /// ```
    /// use statedict::optim::{Algorithm, OptimizerState};
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Sgd {
    ///     state: Vec<SgdState>,
    ///     param_groups: Vec<SgdGroup>,
    /// }
    ///
    /// #[derive(StateDict)]
    /// struct SgdState {
    ///     #[buffer]
    ///     momentum_buffer: Vec<f32>,
    /// }
    ///
    /// #[derive(StateDict)]
    /// struct SgdGroup {
    ///     #[buffer]
    ///     lr: f64,
    ///     #[buffer]
    ///     momentum: f64,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut saved = OptimizerState::new();
    /// # saved.add_param_group(Algorithm::Sgd, ["weight"])?.set("lr", 0.1).set("momentum", 0.9);
    /// # saved.of_mut("weight")?.set("momentum_buffer", CpuTensor::from_vec(vec![1f32, 2.0], [2])?);
    /// let mut sgd = Sgd {
    ///     state: vec![SgdState { momentum_buffer: vec![0.0; 2] }],
    ///     param_groups: vec![SgdGroup { lr: 0.0, momentum: 0.0 }],
    /// };
    /// saved.load_into(&mut sgd)?;
    /// assert_eq!((sgd.param_groups[0].lr, sgd.param_groups[0].momentum), (0.1, 0.9));
    /// assert_eq!(sgd.state[0].momentum_buffer, [1.0, 2.0]);
    ///
    /// // … steps …
    /// sgd.state[0].momentum_buffer[0] = 4.0;
    /// let next = saved.updated_from(&sgd)?;
    /// assert_eq!(next.of("weight")?.get::<TensorView>("momentum_buffer")?.to_vec::<f32>()?, [4.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A struct without the field `param_groups` is given the states only. Of one that has it, an option that it has
    /// not must be off (`None`, `False` or 0), or say only how PyTorch computes (`foreach`, `fused`, …) or what
    /// a scheduler reads (`initial_lr`, …): an Adam that knows no `amsgrad` does not go on with a file that has it.
    ///
    /// # Errors
    /// Where anything does not fit; nothing is then written.
    pub fn load_into<M: StateDict + ?Sized>(
        &self,
        optimizer: &mut M,
    ) -> Result<LoadReport, OptimizerError> {
        self.load_into_with(optimizer, &LoadOptions::new())
    }

    /// The same with options: `strict(false)` leaves what the struct has not, and what the state has not.
    ///
    /// # Errors
    /// Where anything does not fit that the options do not allow; nothing is then written.
    pub fn load_into_with<M: StateDict + ?Sized>(
        &self,
        optimizer: &mut M,
        options: &LoadOptions,
    ) -> Result<LoadReport, OptimizerError> {
        let map = self.map_for(optimizer)?;
        let loaded = load::load(optimizer, &map, options);
        loaded.map_err(|error| OptimizerProblem::Load(error).into())
    }

    /// Returns the values for a struct's leaves, and those that it has no leaf for.
    fn map_for<M: StateDict + ?Sized>(
        &self,
        optimizer: &M,
    ) -> Result<StateMap<'_>, OptimizerError> {
        let walk = visit::walk(optimizer);
        let mut speller = walk.keys.speller();
        let leaves: HashMap<String, DType> = walk
            .leaves
            .iter()
            // The load refuses one that has no dtype.
            .filter_map(|leaf| {
                Some((speller.spell(leaf.key).to_owned(), leaf.tensor.dtype().ok()?))
            })
            .collect();
        let parents = leaves
            .keys()
            .flat_map(|key| key.match_indices('.').filter_map(|(dot, _)| key.get(..dot)));
        let parents: HashSet<&str> = parents.collect();
        let mut offer = Offer { leaves: &leaves, parents: &parents, map: StateMap::new() };
        for param in self.params() {
            let position = param.position();
            for (key, value) in param.iter() {
                offer.value(format!("state.{position}.{key}"), value, false)?;
            }
            if let Some(dict) = param.dict().filter(|dict| dict.has_other_keys()) {
                offer.left_over(format!("state.{position}[]"), dict)?;
            }
        }
        for (key, state) in self.others() {
            let key = key.get::<String>().or_else(|_| key.get::<i64>().map(|id| id.to_string()));
            offer.left_over(format!("state[{}]", key.unwrap_or_default()), state)?;
        }
        let has_groups = walk.child_paths().any(|path| speller.spell(path) == "param_groups");
        for group in self.param_groups().filter(|_| has_groups) {
            for (key, value) in group.options() {
                let off = NOT_THE_OPTIMIZERS.contains(&key) || is_off(value);
                offer.value(format!("param_groups.{}.{key}", group.index()), value, off)?;
            }
        }
        Ok(offer.map)
    }
}

/// Returns `true` if an option has no effect.
pub(super) fn is_off(value: StateValue<'_, '_>) -> bool {
    match value.kind() {
        Kind::Bool(on) => !on,
        Kind::Int(number) => number.as_i64() == Some(0),
        Kind::Float(number) => number == 0.0,
        _ => false,
    }
}

struct Offer<'o, 'a> {
    leaves: &'o HashMap<String, DType>,
    /// The paths below which the struct has leaves.
    parents: &'o HashSet<&'o str>,
    map: StateMap<'a>,
}

impl<'a> Offer<'_, 'a> {
    /// Puts a value under the key of the leaf that takes it, or under its own, unless it may be left.
    fn value(
        &mut self,
        key: String,
        value: StateValue<'_, 'a>,
        may_be_left: bool,
    ) -> Result<(), OptimizerError> {
        // Ends, since each step is one segment of a key that the struct has.
        if self.parents.contains(key.as_str()) {
            for (index, item) in value.items().into_iter().flatten().enumerate() {
                self.value(format!("{key}.{index}"), item, may_be_left)?;
            }
            for (name, entry) in value.entries() {
                self.value(format!("{key}.{name}"), entry, may_be_left)?;
            }
            if value.has_other_keys() {
                self.left_over(format!("{key}[]"), value)?;
            }
            return Ok(());
        }
        let leaf = self.leaves.get(key.as_str());
        if value.is_none() || (leaf.is_none() && may_be_left) {
            return Ok(());
        }
        let natural = leaf.copied().unwrap_or(DType::F64);
        if let Some(view) = number::as_tensor(value, natural) {
            self.map.insert(key, view);
            return Ok(());
        }
        self.left_over(key, value)
    }

    /// Notes what is not for a leaf, for the load to say so.
    fn left_over(&mut self, key: String, value: StateValue<'_, 'a>) -> Result<(), OptimizerError> {
        let shared = SharedValue::of(Graph::of(value.type_name()).root()).map_err(|source| {
            let source = crate::collect::CollectError::ExtraState { key: key.clone(), source };
            OptimizerProblem::Collect(source)
        })?;
        self.map.insert_value(key, shared);
        Ok(())
    }
}
