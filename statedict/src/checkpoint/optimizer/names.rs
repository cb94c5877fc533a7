//! Names for the parameters, which PyTorch saves by number.

use foldhash::{HashMap, HashMapExt};

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::fit;
use super::param_id::ParamId;
use super::value::StateValue;
use crate::key;
use crate::visit::{self, Kind, StateDict, TensorRef};

/// The parameters of a model in PyTorch's order, each once.
pub(super) fn parameters<M: StateDict + ?Sized>(model: &M) -> Vec<(String, TensorRef<'_>)> {
    let walk = visit::walk(model);
    let parameters = walk.leaves_once(|kind| kind == Kind::Parameter);
    let mut speller = walk.keys.speller();
    parameters.map(|leaf| (speller.spell(leaf.key).to_owned(), leaf.tensor.clone())).collect()
}

impl<'a> OptimizerState<'a> {
    /// The same state with names for the parameters: those of the parameters that the optimizer was made with,
    /// over all groups, in that order. Names that the file has itself are replaced.
    ///
    /// ```
    /// # use statedict::optim::{Algorithm, OptimizerState};
    /// # use statedict::value::Graph;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut made = OptimizerState::new();
    /// # made.add_param_group(Algorithm::Sgd, ["a", "b"])?;
    /// # made.add_param_group(Algorithm::Sgd, ["c"])?;
    /// # let saved = OptimizerState::from_graph(made.graph().clone())?;
    /// // optimizer = SGD([{"params": decayed, "weight_decay": 1e-4}, {"params": biases}])
    /// let optimizer = saved.named(["fc1.weight", "fc2.weight", "fc1.bias"])?;
    /// assert_eq!(optimizer.of("fc1.bias")?.group(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where there are more or fewer names than parameters, or one comes twice.
    pub fn named<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, OptimizerError> {
        self.set_names(names.into_iter().map(Into::into).collect())?;
        Ok(self)
    }

    /// The same state with the names of a model's parameters, for an optimizer that was made with
    /// `model.parameters()` or `model.named_parameters()`.
    ///
    /// PyTorch's order of the parameters is [`named_parameters`](crate::StateDictExt::named_parameters): one with several
    /// names counts once. Where the file has names (`param_names`), these are looked for in the model,
    /// whatever its order. Tensors of the state that belong to one parameter must have the shape that is due to it.
    ///
    /// # Errors
    /// All that does not fit: the number of parameters, names that the model has not, shapes. And where there
    /// are several groups but no names in the file: their order need not be the model's.
    pub fn with_names<M: StateDict + ?Sized>(mut self, model: &M) -> Result<Self, OptimizerError> {
        let parameters = parameters(model);
        if self.names().any(|name| name.is_none()) {
            let groups = self.layout.groups.len();
            if groups > 1 {
                return Err(OptimizerProblem::GroupsWithoutNames { groups }.into());
            }
            self.set_names(parameters.iter().map(|(name, _)| name.clone()).collect())?;
        }
        let mut problems = Vec::new();
        let targets = self.targets(&parameters, &mut problems);
        for (state, target) in self.params().zip(targets) {
            let Some(target) = target else { continue };
            fit::check_shapes(&state, &target.shape(), &mut problems);
        }
        OptimizerError::unless_empty(problems)?;
        Ok(self)
    }

    /// The names of the parameters, in order; `None` where one has none.
    pub fn names(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.layout.params.iter().map(|param| param.name.as_deref())
    }

    /// Writes the names into the groups as `param_names`, as PyTorch does for an optimizer that is made with
    /// `named_parameters()`. Groups of which a parameter has no name stay as they are.
    pub fn write_param_names(&mut self) {
        for group in &self.layout.groups {
            let params = self.layout.params.get(group.params.clone()).unwrap_or_default();
            let names: Option<Vec<String>> =
                params.iter().map(|param| param.name.clone()).collect();
            let Some(names) = names else { continue };
            let names: Vec<_> = names.into_iter().map(|name| self.graph.add(name)).collect();
            let names = self.graph.list(names);
            let new = self.graph.find(group.node, "param_names").is_none();
            // It is a dict, as all groups are.
            let _ = self.graph.put(group.node, "param_names", names);
            if new {
                // PyTorch has it first.
                let _ = self.graph.move_last_entry(group.node, 0);
            }
        }
    }

    /// Takes the names that the state dict has itself, where it has them all.
    pub(super) fn take_own_names(&mut self) {
        let mut names = Vec::with_capacity(self.layout.params.len());
        for group in self.param_groups() {
            let own = group.find("param_names").and_then(StateValue::items);
            match own.filter(|own| own.len() == group.params().len()) {
                Some(own) => names.extend(own.map(|name| name.get::<String>().ok())),
                // Gathered from several processes, the parameters have names as ids.
                None => names.extend(group.params().map(|param| match param.id() {
                    ParamId::Str(name) => Some(name),
                    ParamId::Int(_) => None,
                })),
            }
        }
        if let Some(names) = names.into_iter().collect::<Option<Vec<String>>>() {
            // Where two have one name, nothing can be found by it, and names must be given.
            let _ = self.set_names(names);
        }
    }

    fn set_names(&mut self, names: Vec<String>) -> Result<(), OptimizerError> {
        let (len, params) = (names.len(), self.layout.params.len());
        if len != params {
            return Err(OptimizerProblem::NameCount { names: len, params }.into());
        }
        let mut positions = HashMap::with_capacity(len);
        let mut problems = Vec::new();
        for (position, name) in names.iter().enumerate() {
            let before = positions.insert(name.clone(), position);
            // One parameter may be in a group twice: then it has one name.
            let id = |position: usize| self.layout.params.get(position).map(|param| &param.id);
            if before.is_some_and(|before| id(before) != id(position)) {
                problems.push(OptimizerProblem::SameName { name: name.clone() });
            }
        }
        OptimizerError::unless_empty(problems)?;
        for (param, name) in self.layout.params.iter_mut().zip(names) {
            param.name = Some(name);
        }
        self.positions = positions;
        Ok(())
    }

    /// The model's parameter for each of the optimizer's, by name. What has none is a problem.
    pub(super) fn targets<'p, 'm>(
        &self,
        parameters: &'p [(String, TensorRef<'m>)],
        problems: &mut Vec<OptimizerProblem>,
    ) -> Vec<Option<&'p TensorRef<'m>>> {
        let by_name: HashMap<&str, &TensorRef<'m>> =
            parameters.iter().map(|(name, parameter)| (name.as_str(), parameter)).collect();
        let target = |name: Option<&str>| {
            let name = name.unwrap_or_default();
            let found = by_name.get(name).copied();
            if found.is_none() {
                let names = parameters.iter().map(|(name, _)| name.as_str());
                let nearest = key::nearest(name, names).map(str::to_owned);
                problems.push(OptimizerProblem::NotInModel { name: name.to_owned(), nearest });
            }
            found
        };
        self.names().map(target).collect()
    }
}
