//! The methods that every module has, as in PyTorch.

use std::collections::HashSet;

use crate::collect::{self, CollectError};
use crate::load::{self, LoadError, LoadOptions, LoadReport};
use crate::map::StateMap;
use crate::traits::{StateDict, Tensor};
use crate::visit::{self, Kind, ModuleInfo, Visitor};

/// What every module can do: the methods of `torch.nn.Module` that concern its state.
///
/// It is implemented for every [`StateDict`]; import it with `use statedict::prelude::*`.
pub trait StateDictExt: StateDict {
    /// The state dict: every parameter and persistent buffer in PyTorch's order, and the modules'
    /// versions.
    ///
    /// Nothing is copied where the elements lie in the machine's memory: the map borrows the model.
    /// To keep it beyond that, as a tutorial's `copy.deepcopy(model.state_dict())`, use
    /// [`StateMap::into_owned`].
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: CpuTensor,
    ///     #[param]
    ///     bias: CpuTensor,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fc = Linear {
    ///     weight: CpuTensor::zeros(DType::F32, [2, 3]),
    ///     bias: CpuTensor::zeros(DType::F32, [2]),
    /// };
    /// let state_dict = fc.state_dict()?;
    /// for (key, tensor) in state_dict.iter() {
    ///     println!("{key}\t{}\t{}", tensor.dtype(), tensor.shape());
    /// }
    /// assert_eq!(state_dict.keys().collect::<Vec<_>>(), ["weight", "bias"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the model's names collide, or a tensor cannot give its elements.
    fn state_dict(&self) -> Result<StateMap<'_>, CollectError> {
        collect::state_dict(self)
    }

    /// Loads a state dict strictly: every key of the model must be there with the same shape, and no
    /// other. On any error nothing is written, and the error names every problem.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: CpuTensor,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let trained = Linear { weight: CpuTensor::from_vec(vec![1.0f32, 2.0], [1, 2])? };
    /// let mut fresh = Linear { weight: CpuTensor::zeros(DType::F32, [1, 2]) };
    ///
    /// let report = fresh.load_state_dict(&trained.state_dict()?)?;
    /// assert_eq!(report.loaded, ["weight"]);
    /// assert_eq!(fresh.weight.as_slice::<f32>(), Some(&[1.0, 2.0][..]));
    ///
    /// let mut other = Linear { weight: CpuTensor::zeros(DType::F32, [3, 2]) };
    /// let error = other.load_state_dict(&trained.state_dict()?).unwrap_err();
    /// assert!(error.to_string().contains("weight: the model has [3, 2], the file [1, 2]"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where anything does not fit: see [`LoadError`].
    fn load_state_dict(&mut self, map: &StateMap<'_>) -> Result<LoadReport, LoadError> {
        self.load_state_dict_with(map, &LoadOptions::new())
    }

    /// Loads a state dict with options.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: CpuTensor,
    ///     #[param]
    ///     bias: CpuTensor,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut fc = Linear {
    /// #     weight: CpuTensor::zeros(DType::F32, [1, 2]),
    /// #     bias: CpuTensor::zeros(DType::F32, [1]),
    /// # };
    /// let mut partial = StateMap::new();
    /// partial.insert("weight", TensorView::from_vec(vec![1.0f32, 2.0], [1, 2])?);
    ///
    /// let report = fc.load_state_dict_with(&partial, &LoadOptions::new().strict(false))?;
    /// assert_eq!(report.missing, ["bias"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where anything does not fit that the options do not allow: see [`LoadError`].
    fn load_state_dict_with(
        &mut self,
        map: &StateMap<'_>,
        options: &LoadOptions,
    ) -> Result<LoadReport, LoadError> {
        load::load(self, map, options)
    }

    /// Does all that [`load_state_dict_with`](Self::load_state_dict_with) does but write: what it would
    /// report, or why it would fail.
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::LoadOptions;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let fc = Linear { weight: vec![0.0; 2] };
    /// let mut map = StateMap::new();
    /// map.insert("weight", TensorView::from_vec(vec![1.0f32, 2.0], [2])?);
    /// assert_eq!(fc.check_state_dict(&map, &LoadOptions::new())?.loaded, ["weight"]);
    /// assert_eq!(fc.weight, [0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where anything does not fit that the options do not allow: see [`LoadError`].
    fn check_state_dict(
        &self,
        map: &StateMap<'_>,
        options: &LoadOptions,
    ) -> Result<LoadReport, LoadError> {
        load::check(self, map, options)
    }

    /// The parameters with their keys, in order. A parameter with several names comes once, under the
    /// first, as in PyTorch.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// #[alias("tied" = "weight")]
    /// struct Net {
    ///     #[param]
    ///     weight: Vec<f32>,
    ///     #[buffer]
    ///     mean: Vec<f32>,
    /// }
    ///
    /// let net = Net { weight: vec![0.0; 3], mean: vec![0.0; 3] };
    /// let keys: Vec<String> = net.named_parameters().into_iter().map(|(key, _)| key).collect();
    /// assert_eq!(keys, ["weight"]);
    /// ```
    fn named_parameters(&self) -> Vec<(String, &dyn Tensor)> {
        leaves(self, |kind| kind == Kind::Parameter)
    }

    /// The buffers with their keys, in order, those that are not persistent included.
    /// A buffer with several names comes once, under the first, as in PyTorch.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Norm {
    ///     #[buffer]
    ///     mean: Vec<f32>,
    ///     #[persistent(false)]
    ///     cache: Vec<f32>,
    /// }
    ///
    /// let norm = Norm { mean: vec![0.0; 3], cache: vec![0.0; 3] };
    /// let keys: Vec<String> = norm.named_buffers().into_iter().map(|(key, _)| key).collect();
    /// assert_eq!(keys, ["mean", "cache"]);
    /// ```
    fn named_buffers(&self) -> Vec<(String, &dyn Tensor)> {
        leaves(self, |kind| kind != Kind::Parameter)
    }

    /// The number of elements of all parameters; a parameter with several names counts once.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: [[f32; 3]; 2],
    ///     #[param]
    ///     bias: [f32; 2],
    /// }
    ///
    /// let fc = Linear { weight: [[0.0; 3]; 2], bias: [0.0; 2] };
    /// assert_eq!(fc.num_parameters(), 8);
    /// ```
    fn num_parameters(&self) -> usize {
        let numel = |tensor: &dyn Tensor| tensor.shape().numel().unwrap_or(usize::MAX);
        self.named_parameters().iter().map(|&(_, tensor)| numel(tensor)).sum()
    }

    /// The direct children with their names, in order; not those that are `None`, nor aliases.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Linear {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// #[derive(StateDict)]
    /// struct Net {
    ///     fc1: Linear,
    ///     fc2: Linear,
    /// }
    ///
    /// let linear = || Linear { weight: vec![0.0; 3] };
    /// let net = Net { fc1: linear(), fc2: linear() };
    /// let names: Vec<String> = net.named_children().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["fc1", "fc2"]);
    /// assert_eq!(net.named_children()[1].1.num_parameters(), 3);
    /// ```
    fn named_children(&self) -> Vec<(String, &dyn StateDict)> {
        let mut children = Children::default();
        self.visit(&mut children);
        children.found
    }

    /// This module and all below it with their paths and classes, in the order of PyTorch's
    /// `named_modules`: a module before its children. A module with several names comes once,
    /// under the first.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// #[version(2)]
    /// struct BatchNorm {
    ///     #[param]
    ///     weight: Vec<f32>,
    /// }
    ///
    /// #[derive(StateDict)]
    /// struct Net {
    ///     bn: BatchNorm,
    /// }
    ///
    /// let net = Net { bn: BatchNorm { weight: vec![1.0; 3] } };
    /// let modules: Vec<_> =
    ///     net.named_modules().iter().map(|(path, info)| (path.clone(), info.name(), info.version())).collect();
    /// assert_eq!(modules, [("".into(), "Net", 1), ("bn".into(), "BatchNorm", 2)]);
    /// ```
    fn named_modules(&self) -> Vec<(String, ModuleInfo)> {
        let walk = visit::walk(self);
        walk.modules.into_iter().map(|module| (module.path, module.info)).collect()
    }
}

impl<M: StateDict + ?Sized> StateDictExt for M {}

/// The leaves of some kinds, each once.
fn leaves<M: StateDict + ?Sized>(
    model: &M,
    wanted: impl Fn(Kind) -> bool,
) -> Vec<(String, &dyn Tensor)> {
    let mut seen = HashSet::new();
    visit::walk(model)
        .leaves
        .into_iter()
        .filter(|leaf| wanted(leaf.kind))
        .filter(|leaf| leaf.tensor.storage_id().is_none_or(|id| seen.insert(id)))
        .map(|leaf| (leaf.key, leaf.tensor))
        .collect()
}

/// Notes the direct children and does not enter them.
#[derive(Default)]
struct Children<'a> {
    found: Vec<(String, &'a dyn StateDict)>,
}

impl<'a> Visitor<'a> for Children<'a> {
    fn module(&mut self, _: ModuleInfo) {}

    fn parameter(&mut self, _: &str, _: &'a dyn Tensor) {}

    fn buffer(&mut self, _: &str, _: &'a dyn Tensor, _: bool) {}

    fn child(&mut self, name: &str, module: &'a dyn StateDict) {
        // `None` reports no module of its own.
        if !visit::walk(module).modules.is_empty() {
            self.found.push((name.to_owned(), module));
        }
    }

    fn alias(&mut self, _: &str, _: &str) {}
}
