//! The state of an optimizer, as `optimizer.state_dict()` of PyTorch: read, named, changed and written.
//!
//! [`OptimizerState`] is where to begin.

mod algorithm;
mod defaults;
mod error;
mod fit;
mod group;
mod into;
mod layout;
mod module;
mod names;
mod number;
mod of_checkpoint;
mod param;
mod param_id;
mod report;
mod resume;
mod store;
mod value;

use foldhash::{HashMap, HashMapExt};

pub use algorithm::Algorithm;
pub use error::{OptimizerError, OptimizerProblem};
pub use group::{ParamGroup, ParamGroupMut};
pub use into::IntoState;
pub use param::{ParamState, ParamStateMut};
pub use param_id::ParamId;
pub use report::{OptimizerReport, OptimizerWarning};
pub use value::{FromState, StateValue, WrongValue};

use crate::checkpoint::optimizer::layout::Layout;
use crate::key;
use crate::value::{Copies, Graph, Value, ValueId};

/// The state dict of an optimizer: `{"state": {0: {…}, …}, "param_groups": [{"lr": …, "params": [0, …]}]}`.
///
/// It holds what the file holds, whichever optimizer wrote it, in its order: written back unchanged, it is the
/// same bytes. Tensors are lazy views. The lifetime is that of tensors that were put in and are borrowed.
///
/// PyTorch numbers the parameters over all groups and saves no names. [`with_names`](Self::with_names) joins them
/// to a model's, and [`of`](Self::of) then finds the state of a parameter by its name.
///
/// ```
/// use statedict::Checkpoint;
/// use statedict::prelude::*;
/// # use statedict::optim::{Algorithm, OptimizerState};
///
/// #[derive(StateDict)]
/// struct Linear {
///     #[param]
///     weight: Vec<f32>,
///     #[param]
///     bias: Vec<f32>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut made = OptimizerState::new();
/// # made.add_param_group(Algorithm::Sgd, ["weight", "bias"])?.set("lr", 0.1).set("momentum", 0.9);
/// # made.of_mut("weight")?.set("momentum_buffer", CpuTensor::from_vec(vec![1f32, 2.0], [2])?);
/// # made.of_mut("bias")?.set("momentum_buffer", CpuTensor::from_vec(vec![3f32], [1])?);
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("checkpoint.pt");
/// # let mut checkpoint = Checkpoint::new();
/// # checkpoint.set_optimizer_state("optimizer_state_dict", &made)?;
/// # checkpoint.save(&path)?;
/// let checkpoint = Checkpoint::open(&path)?;
/// let model = Linear { weight: vec![0.0; 2], bias: vec![0.0] };
/// let optimizer = checkpoint.optimizer_state("optimizer_state_dict")?.with_names(&model)?;
///
/// let lr: f64 = optimizer.param_group(0)?.get("lr")?;
/// let momentum: TensorView = optimizer.of("weight")?.get("momentum_buffer")?;
/// assert_eq!((lr, momentum.to_vec::<f32>()?), (0.1, vec![1.0, 2.0]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OptimizerState<'a> {
    /// Its root is the state dict.
    graph: Graph<'a>,
    layout: Layout,
    positions: HashMap<String, usize>,
}

impl<'a> OptimizerState<'a> {
    /// The state of an optimizer without parameters; [`add_param_group`](Self::add_param_group) gives it some.
    pub fn new() -> Self {
        let mut graph = Graph::of(());
        let (state, groups) = (graph.dict(), graph.list([]));
        let entries = [(graph.key("state"), state), (graph.key("param_groups"), groups)];
        let root = graph.dict_with(entries);
        graph.set_root(root);
        let layout = Layout { state, ..Layout::default() };
        OptimizerState { graph, layout, positions: HashMap::new() }
    }

    /// The state dict that a value of a file is.
    ///
    /// # Errors
    /// Where it is not built as one: all that is wrong.
    pub fn from_value(value: Value<'a>) -> Result<Self, OptimizerError> {
        OptimizerState::from_graph(value.graph().part(value.value_id()))
    }

    /// The state dict that is the root of a graph.
    ///
    /// # Errors
    /// Where it is not built as one: all that is wrong.
    pub fn from_graph(graph: Graph<'a>) -> Result<Self, OptimizerError> {
        let layout = Layout::read(&graph)?;
        let mut state = OptimizerState { graph, layout, positions: HashMap::new() };
        state.take_own_names();
        Ok(state)
    }

    /// The values, for [`Graph::save`]: a file of nothing but the optimizer's state.
    pub fn graph(&self) -> &Graph<'a> {
        &self.graph
    }

    /// Adds the state dict to a graph of more, and returns where it is.
    ///
    /// Keys are one object with those of the graph that are interned, as in Python: a checkpoint that is put
    /// together is, byte for byte, what `torch.save` writes of the same.
    ///
    /// ```
    /// use statedict::optim::OptimizerState;
    /// use statedict::value::Graph;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let optimizer = OptimizerState::new();
    /// let mut checkpoint = Graph::new();
    /// let root = checkpoint.root().value_id();
    /// checkpoint.set(root, "epoch", 3)?;
    /// let state = optimizer.write_to(&mut checkpoint);
    /// checkpoint.put(root, "optimizer_state_dict", state)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_to(&self, graph: &mut Graph<'a>) -> ValueId {
        let mut known = Copies::new();
        for (text, key) in layout::single_keys(&self.graph) {
            known.insert(key, graph.key(text));
        }
        graph.copy_known(&self.graph, self.graph.root().value_id(), &mut known)
    }

    /// The groups of parameters, in order.
    pub fn param_groups(&self) -> impl ExactSizeIterator<Item = ParamGroup<'_, 'a>> {
        (0..self.layout.groups.len()).map(|index| ParamGroup::new(self, index))
    }

    /// One group.
    ///
    /// # Errors
    /// Where there are not so many.
    pub fn param_group(&self, index: usize) -> Result<ParamGroup<'_, 'a>, OptimizerError> {
        self.check_group(index).map(|()| ParamGroup::new(self, index))
    }

    /// One group, for changing its options.
    ///
    /// # Errors
    /// Where there are not so many.
    pub fn param_group_mut(
        &mut self,
        index: usize,
    ) -> Result<ParamGroupMut<'_, 'a>, OptimizerError> {
        self.check_group(index).map(|()| ParamGroupMut::new(self, index))
    }

    /// The parameters of all groups with their states, in order. One without a state has an empty one.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ParamState<'_, 'a>> {
        (0..self.layout.params.len()).map(|position| ParamState::new(self, position))
    }

    /// The state of the parameter at a position, counted over all groups.
    ///
    /// # Errors
    /// Where there are not so many.
    pub fn param(&self, position: usize) -> Result<ParamState<'_, 'a>, OptimizerError> {
        self.check_param(position).map(|()| ParamState::new(self, position))
    }

    /// The state of the parameter at a position, for changing it.
    ///
    /// # Errors
    /// Where there are not so many.
    pub fn param_mut(&mut self, position: usize) -> Result<ParamStateMut<'_, 'a>, OptimizerError> {
        self.check_param(position).map(|()| ParamStateMut::new(self, position))
    }

    /// The state of a parameter by its name.
    ///
    /// # Errors
    /// Where there is none of this name: also where no names are known, since neither the file nor
    /// [`with_names`](Self::with_names) or [`named`](Self::named) gave any.
    pub fn of(&self, name: &str) -> Result<ParamState<'_, 'a>, OptimizerError> {
        self.position(name).map(|position| ParamState::new(self, position))
    }

    /// The state of a parameter by its name, for changing it.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_mut(&mut self, name: &str) -> Result<ParamStateMut<'_, 'a>, OptimizerError> {
        self.position(name).map(|position| ParamStateMut::new(self, position))
    }

    /// Returns the entries of `state` for ids that are in no group, in order: the id and its value.
    /// PyTorch keeps it as it is.
    pub fn others(&self) -> impl Iterator<Item = (StateValue<'_, 'a>, StateValue<'_, 'a>)> {
        let value = |value: Value<'_>| StateValue::new(&self.graph, value.value_id());
        let others = self.layout.others(&self.graph);
        others.map(move |(key, state)| (value(key), value(state)))
    }

    fn position(&self, name: &str) -> Result<usize, OptimizerError> {
        self.positions.get(name).copied().ok_or_else(|| {
            let names = self.layout.params.iter().filter_map(|param| param.name.as_deref());
            let nearest = key::nearest(name, names).map(str::to_owned);
            OptimizerProblem::UnknownName { name: name.to_owned(), nearest }.into()
        })
    }

    fn check_group(&self, index: usize) -> Result<(), OptimizerError> {
        within("group", index, self.layout.groups.len())
    }

    fn check_param(&self, index: usize) -> Result<(), OptimizerError> {
        within("parameter", index, self.layout.params.len())
    }
}

fn within(what: &'static str, index: usize, len: usize) -> Result<(), OptimizerError> {
    if index < len {
        return Ok(());
    }
    Err(OptimizerProblem::OutOfRange { what, index, len }.into())
}

impl Default for OptimizerState<'_> {
    fn default() -> Self {
        OptimizerState::new()
    }
}
