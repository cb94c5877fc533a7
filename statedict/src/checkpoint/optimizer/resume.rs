//! `optimizer.load_state_dict(saved)`: the state of a file becomes that of an optimizer.

use foldhash::{HashMap, HashMapExt};

use super::OptimizerState;
use super::error::{OptimizerError, OptimizerProblem};
use super::fit::{self, Target, Unfit};
use super::group::ParamGroup;
use super::layout::{Layout, dict};
use super::names;
use super::param::ParamId;
use crate::value::{DictKind, DictNode, Node, NodeId, TensorNode, Tree};
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
    ) -> Result<(), OptimizerError> {
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

        let mut loading = Loading::new(saved);
        let state = loading.states(self, &targets);
        let groups = loading.groups(self);
        OptimizerError::unless_empty(loading.problems)?;
        let mut tree = loading.tree;
        let root = tree.root();
        for (key, value) in [("state", state), ("param_groups", groups)] {
            // The root of a new tree is a dict.
            let _ = tree.put(root, key, value);
        }
        let names: Vec<Option<String>> = self.names().map(|name| name.map(str::to_owned)).collect();
        let mut layout = Layout::read(&tree)?;
        for (param, name) in layout.params.iter_mut().zip(names) {
            param.name = name;
        }
        (self.tree, self.layout) = (tree, layout);
        Ok(())
    }

    /// What PyTorch checks.
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
    tree: Tree<'a>,
    /// What has been copied as it is.
    known: HashMap<NodeId, NodeId>,
    problems: Vec<OptimizerProblem>,
}

/// The state of one parameter on its way.
struct Casting {
    target: Target,
    param: String,
    /// What has been made of a value under a key called `step`, and under others.
    known: HashMap<(NodeId, bool), NodeId>,
    too_deep: bool,
}

impl<'l, 'a> Loading<'l, 'a> {
    fn new(saved: &'l OptimizerState<'a>) -> Self {
        let known = HashMap::new();
        Loading { saved, tree: Tree::new(), known, problems: Vec::new() }
    }

    fn copy(&mut self, value: NodeId) -> NodeId {
        self.tree.copy_part_known(&self.saved.tree, value, &mut self.known)
    }

    /// The states in the saved order, under the optimizer's own ids.
    fn states(&mut self, own: &OptimizerState<'a>, targets: &[Option<&TensorRef<'_>>]) -> NodeId {
        let saved = self.saved;
        let step_moves: Vec<bool> = saved.param_groups().map(step_moves).collect();
        // The last place of an id counts for the parameter, and the first for the group, as in PyTorch.
        let mut places: HashMap<&ParamId, (usize, usize)> = HashMap::new();
        for (position, param) in saved.layout.params.iter().enumerate() {
            places.entry(&param.id).or_insert((position, param.group)).0 = position;
        }
        let mut states = DictNode::new(DictKind::Dict);
        let entries = dict(&saved.tree, saved.layout.state).map_or(&[][..], |dict| &dict.entries);
        for &(key, state) in entries {
            let id = ParamId::of(&saved.tree, key);
            let place = id.as_ref().and_then(|id| places.get(id).copied());
            let place = place.and_then(|(position, group)| {
                let target = (*targets.get(position)?)?;
                Some((target, own.param(position).ok()?, *step_moves.get(group)?))
            });
            let entry = match place {
                Some((target, mine, step_moves)) => {
                    let mut casting = Casting {
                        target: Target::of(target, step_moves),
                        param: mine.title(),
                        known: HashMap::new(),
                        too_deep: false,
                    };
                    let key = mine.id().add_to(&mut self.tree);
                    (key, self.cast(&mut casting, state, None, 0))
                }
                None => (self.copy(key), self.copy(state)),
            };
            states.entries.push(entry);
        }
        self.tree.add(states)
    }

    fn cast(
        &mut self,
        casting: &mut Casting,
        value: NodeId,
        key: Option<&str>,
        depth: usize,
    ) -> NodeId {
        let place = (value, key == Some("step"));
        if let Some(&known) = casting.known.get(&place) {
            return known;
        }
        if depth > DEPTH {
            if !std::mem::replace(&mut casting.too_deep, true) {
                self.problems.push(OptimizerProblem::Depth { param: casting.param.clone() });
            }
            return self.tree.add(());
        }
        let saved = self.saved;
        let made = match saved.tree.get(value) {
            Some(Node::Tensor(tensor)) => self.tensor(casting, tensor, value, key),
            Some(Node::Dict(dict)) => {
                let mut made = DictNode::new(DictKind::Dict);
                for &(key, value) in &dict.entries {
                    let text = match saved.tree.get(key) {
                        Some(Node::Str(text)) => Some(text.as_ref()),
                        _ => None,
                    };
                    let value = self.cast(casting, value, text, depth + 1);
                    made.entries.push((self.copy(key), value));
                }
                self.tree.add(made)
            }
            Some(node @ (Node::List(items) | Node::Tuple(items))) => {
                let items: Vec<NodeId> =
                    items.iter().map(|&item| self.cast(casting, item, None, depth + 1)).collect();
                match node {
                    Node::List(_) => self.tree.list(items),
                    _ => self.tree.tuple(items),
                }
            }
            _ => self.copy(value),
        };
        casting.known.insert(place, made);
        made
    }

    fn tensor(
        &mut self,
        casting: &Casting,
        tensor: &TensorNode<'a>,
        value: NodeId,
        key: Option<&str>,
    ) -> NodeId {
        let (param, key_text) = (casting.param.clone(), key.unwrap_or("an element").to_owned());
        match casting.target.fit(&tensor.view, key) {
            Ok(view) if view.same_as(&tensor.view) => return self.copy(value),
            Ok(view) => return self.tree.add(view),
            Err(Unfit::Cast { from, to }) => {
                self.problems.push(OptimizerProblem::Cast { param, key: key_text, from, to });
            }
            Err(Unfit::Expanded) => {
                let shape = tensor.view.shape().clone();
                self.problems.push(OptimizerProblem::Expanded { param, key: key_text, shape });
            }
            Err(Unfit::Unreadable(source)) => {
                self.problems.push(OptimizerProblem::Unreadable { param, key: key_text, source });
            }
        }
        self.tree.add(())
    }

    /// The saved options with the optimizer's own parameters.
    fn groups(&mut self, own: &OptimizerState<'a>) -> NodeId {
        let mut groups = Vec::new();
        let mut copied = HashMap::new();
        for (mine, saved) in own.param_groups().zip(self.saved.param_groups()) {
            let group = self.tree.dict();
            for &(key, value) in saved.entries() {
                if !saved.is_params(key) {
                    let entry = (self.copy(key), self.copy(value));
                    if let Some(Node::Dict(group)) = self.tree.get_mut(group) {
                        group.entries.push(entry);
                    }
                }
            }
            let names = Some("param_names").filter(|names| saved.find(names).is_none());
            for key in names.into_iter().chain(["params"]) {
                let Some(value) = mine.find(key) else { continue };
                let value = self.tree.copy_part_known(&own.tree, value.id(), &mut copied);
                // The group is a dict.
                let _ = self.tree.put(group, key, value);
            }
            groups.push(group);
        }
        self.tree.list(groups)
    }
}

/// Whether `step` is where the parameter is.
fn step_moves(group: ParamGroup<'_, '_>) -> bool {
    let on = |key| group.find(key).and_then(|value| value.get::<bool>().ok()).unwrap_or(false);
    on("fused") || on("capturable")
}
