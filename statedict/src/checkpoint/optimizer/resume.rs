//! `optimizer.load_state_dict(saved)`: the state of a file becomes that of an optimizer.

use foldhash::{HashMap, HashMapExt};

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::fit::{self, Target, Unfit};
use super::group::ParamGroup;
use super::layout::Layout;
use super::names;
use super::param_id::ParamId;
use super::report::{self, OptimizerReport};
use crate::tensor::TensorView;
use crate::value::raw::Identity;
use crate::value::{Copies, Graph, Kind, Value, ValueId};
use crate::visit::{StateDict, TensorRef};

/// No optimizer keeps containers within containers that deep.
const DEPTH: usize = 64;

impl<'a> OptimizerState<'a> {
    /// Takes over a saved state, as `optimizer.load_state_dict(saved)` of PyTorch: groups and parameters stay this
    /// optimizer's, and are matched with the saved ones by their order; options and states are the saved ones.
    ///
    /// Tensors of a state get the element type (of a parameter of floating point) and the device of their
    /// parameter in `model`, where the names of this state find it. `step` stays as it is, unless the group
    /// is `fused` or `capturable`: then it becomes float32 on the parameter's device. Beyond what PyTorch
    /// checks (the number of groups, and of parameters in each), tensors that belong to one parameter must have
    /// its shape. On any error nothing is changed. What an old file lacks (an option, a `step` that is a tensor) is not
    /// filled in: PyTorch does that itself when it loads what is written here. Sparse tensors stay as they are.
    ///
    /// Options and states that seem to be another algorithm's are loaded, as PyTorch does, and the report tells of them.
    ///
    /// ```
    /// use statedict::optim::{Algorithm, OptimizerState};
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f64>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Linear { weight: vec![0.0; 2] };
    /// let mut saved = OptimizerState::new();
    /// saved.add_param_group(Algorithm::Sgd, ["weight"])?.set("lr", 0.5);
    /// let buffer = CpuTensor::from_vec(vec![1f32, 2.0], [2])?;
    /// saved.of_mut("weight")?.set("momentum_buffer", buffer);
    ///
    /// let mut optimizer = OptimizerState::new();
    /// optimizer.add_param_group(Algorithm::Sgd, ["weight"])?;
    /// optimizer.load_state_dict(&saved, &model)?;
    /// let buffer: TensorView = optimizer.of("weight")?.get("momentum_buffer")?;
    /// assert_eq!(buffer.to_vec::<f64>()?, [1.0, 2.0]);
    /// assert_eq!(optimizer.param_group(0)?.get::<f64>("lr")?, 0.5);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All that does not fit; [`OptimizerError::torch_message`] is what PyTorch says of it.
    pub fn load_state_dict<M: StateDict + ?Sized>(
        &mut self,
        saved: &OptimizerState<'a>,
        model: &M,
    ) -> Result<OptimizerReport, OptimizerError> {
        OptimizerError::unless_empty(self.check_groups(saved))?;
        let mut problems = Vec::new();
        let parameters = names::parameters(model);
        let targets = self.targets(&parameters, &mut problems);
        for (mine, (state, target)) in self.params().zip(saved.params().zip(&targets)) {
            let Some(target) = target else { continue };
            let before = problems.len();
            fit::check_shapes(&state, &target.shape(), &mut problems);
            // By this optimizer's name: the file need not have one.
            for problem in problems.iter_mut().skip(before) {
                if let OptimizerProblem::Shape { param, .. } = problem {
                    *param = mine.title();
                }
            }
        }
        OptimizerError::unless_empty(problems)?;

        let report = report::compare(self, saved);
        let mut loading = Loading::new(saved);
        let state = loading.states(self, &targets);
        let groups = loading.groups(self);
        OptimizerError::unless_empty(loading.problems)?;
        let mut graph = loading.graph;
        let root = graph.root().value_id();
        for (key, value) in [("state", state), ("param_groups", groups)] {
            // The root of a new graph is a dict.
            let _ = graph.put(root, key, value);
        }
        let names: Vec<Option<String>> = self.names().map(|name| name.map(str::to_owned)).collect();
        let mut layout = Layout::read(&graph)?;
        for (param, name) in layout.params.iter_mut().zip(names) {
            param.name = name;
        }
        (self.graph, self.layout) = (graph, layout);
        Ok(report)
    }

    /// Checks what PyTorch checks.
    fn check_groups(&self, saved: &OptimizerState<'_>) -> Vec<OptimizerProblem> {
        let (expected, found) = (self.layout.groups.len(), saved.layout.groups.len());
        if expected != found {
            return vec![OptimizerProblem::GroupCount { expected, found }];
        }
        let groups = self.layout.groups.iter().zip(&saved.layout.groups).enumerate();
        let sizes =
            groups.map(|(group, (mine, saved))| (group, mine.params.len(), saved.params.len()));
        sizes
            .filter(|(_, expected, found)| expected != found)
            .map(|(group, expected, found)| OptimizerProblem::GroupSize { group, expected, found })
            .collect()
    }
}

struct Loading<'l, 'a> {
    saved: &'l OptimizerState<'a>,
    graph: Graph<'a>,
    /// The values that have been copied as they are.
    known: Copies,
    problems: Vec<OptimizerProblem>,
}

/// The state of one parameter on its way.
struct Casting {
    target: Target,
    param: String,
    /// The new value of each value, under a key called `step` and under others.
    known: HashMap<(Identity, bool), ValueId>,
    too_deep: bool,
}

impl<'l, 'a> Loading<'l, 'a> {
    fn new(saved: &'l OptimizerState<'a>) -> Self {
        let known = Copies::new();
        Loading { saved, graph: Graph::new(), known, problems: Vec::new() }
    }

    fn copy(&mut self, value: Value<'_>) -> ValueId {
        self.graph.copy_known(&self.saved.graph, value.value_id(), &mut self.known)
    }

    /// The states in the saved order, under the optimizer's own ids.
    fn states(&mut self, own: &OptimizerState<'a>, targets: &[Option<&TensorRef<'_>>]) -> ValueId {
        let saved = self.saved;
        let step_moves: Vec<bool> = saved.param_groups().map(step_moves).collect();
        // The last place of an id counts for the parameter, and the first for the group, as in PyTorch.
        let mut places: HashMap<&ParamId, (usize, usize)> = HashMap::new();
        for (position, param) in saved.layout.params.iter().enumerate() {
            places.entry(&param.id).or_insert((position, param.group)).0 = position;
        }
        let states = self.graph.dict();
        let entries = saved.graph.get(saved.layout.state).as_dict();
        for (key, state) in entries.into_iter().flat_map(|dict| dict.iter()) {
            let id = ParamId::of(key);
            let place = id.as_ref().and_then(|id| places.get(id).copied());
            let place = place.and_then(|(position, group)| {
                let target = (*targets.get(position)?)?;
                Some((target, own.param(position).ok()?, *step_moves.get(group)?))
            });
            let (key, state) = match place {
                Some((target, mine, step_moves)) => {
                    let mut casting = Casting {
                        target: Target::of(target, step_moves),
                        param: mine.title(),
                        known: HashMap::new(),
                        too_deep: false,
                    };
                    let key = mine.id().add_to(&mut self.graph);
                    (key, self.cast(&mut casting, state, None, 0))
                }
                None => (self.copy(key), self.copy(state)),
            };
            // It is a dict, as was just made.
            let _ = self.graph.push_entry(states, key, state);
        }
        states
    }

    fn cast(
        &mut self,
        casting: &mut Casting,
        value: Value<'_>,
        key: Option<&str>,
        depth: usize,
    ) -> ValueId {
        let place = value.value_id().identity().map(|identity| (identity, key == Some("step")));
        if let Some(&known) = place.and_then(|place| casting.known.get(&place)) {
            return known;
        }
        if depth > DEPTH {
            if !std::mem::replace(&mut casting.too_deep, true) {
                self.problems.push(OptimizerProblem::Depth { param: casting.param.clone() });
            }
            return self.graph.add(());
        }
        let made = match value.kind() {
            Kind::Tensor(_) => match self.saved.graph.tensor_of(value.value_id()) {
                Some(view) => self.tensor(casting, view, value, key),
                None => self.copy(value),
            },
            Kind::Dict(dict) => {
                let mut entries = Vec::with_capacity(dict.len());
                for (key, value) in dict.iter() {
                    let value = self.cast(casting, value, key.as_str(), depth + 1);
                    entries.push((self.copy(key), value));
                }
                self.graph.dict_with(entries)
            }
            kind @ (Kind::List(items) | Kind::Tuple(items)) => {
                let items: Vec<ValueId> =
                    items.iter().map(|item| self.cast(casting, item, None, depth + 1)).collect();
                match kind {
                    Kind::List(_) => self.graph.list(items),
                    _ => self.graph.tuple(items),
                }
            }
            _ => self.copy(value),
        };
        if let Some(place) = place {
            casting.known.insert(place, made);
        }
        made
    }

    fn tensor(
        &mut self,
        casting: &Casting,
        saved: TensorView<'a>,
        value: Value<'_>,
        key: Option<&str>,
    ) -> ValueId {
        let (param, key_text) = (casting.param.clone(), key.unwrap_or("an element").to_owned());
        match casting.target.fit(&saved, key) {
            Ok(view) if view.same_as(&saved) => return self.copy(value),
            Ok(view) => return self.graph.add(view),
            Err(Unfit::Cast { from, to }) => {
                self.problems.push(OptimizerProblem::Cast { param, key: key_text, from, to });
            }
            Err(Unfit::Expanded) => {
                let shape = saved.shape().clone();
                self.problems.push(OptimizerProblem::Expanded { param, key: key_text, shape });
            }
            Err(Unfit::Unreadable(source)) => {
                self.problems.push(OptimizerProblem::Unreadable { param, key: key_text, source });
            }
        }
        self.graph.add(())
    }

    /// The saved options with the optimizer's own parameters.
    fn groups(&mut self, own: &OptimizerState<'a>) -> ValueId {
        let mut groups = Vec::new();
        let mut copied = Copies::new();
        for (mine, saved) in own.param_groups().zip(self.saved.param_groups()) {
            let group = self.graph.dict();
            for (key, value) in saved.entries().filter(|(key, _)| !key.is_str("params")) {
                let (key, value) = (self.copy(key), self.copy(value));
                // The group is a dict.
                let _ = self.graph.push_entry(group, key, value);
            }
            let names = Some("param_names").filter(|names| saved.find(names).is_none());
            for key in names.into_iter().chain(["params"]) {
                let Some(value) = mine.find(key) else { continue };
                let value = self.graph.copy_known(&own.graph, value.id(), &mut copied);
                // The group is a dict.
                let _ = self.graph.put(group, key, value);
            }
            groups.push(group);
        }
        self.graph.list(groups)
    }
}

/// Returns `true` if `step` is where the parameter is.
fn step_moves(group: ParamGroup<'_, '_>) -> bool {
    let on = |key| group.find(key).and_then(|value| value.get::<bool>().ok()).unwrap_or(false);
    on("fused") || on("capturable")
}
