//! The methods that every module has, as in PyTorch.

use std::path::Path;

use crate::codec::write::WriteOptions;
use crate::collect::{self, CollectError};
use crate::error::Error;
use crate::load::{self, LoadError, LoadOptions, LoadReport};
use crate::map::StateMap;
use crate::save;
use crate::schema::Schema;
use crate::visit::{
    self, ByRef, Content, FieldKind, Kind, ModelErrors, ModuleInfo, Part, StateDict, TensorRef,
    Visitor,
};

/// The methods of every module: those of `torch.nn.Module` that concern its state.
///
/// It is implemented for every [`StateDict`]; import it with `use statedict::prelude::*`.
pub trait StateDictExt: StateDict {
    /// The keys and modules of this type, without a value of it: see [`Schema`].
    fn schema() -> Schema
    where
        Self: Sized,
    {
        Schema::of::<Self>()
    }

    /// The state dict: every parameter and persistent buffer in PyTorch's order, and the modules' versions.
    ///
    /// Nothing is copied where the elements lie in the machine's memory: the map borrows the model.
    /// To keep it beyond that, as a tutorial's `copy.deepcopy(model.state_dict())`, use
    /// [`StateMap::into_owned`].
    ///
    /// ```
    /// use statedict::prelude::*;
    /// use statedict::DType;
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
    /// use statedict::DType;
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
    /// use statedict::{DType, LoadOptions};
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
    /// assert_eq!(fc.check_state_dict(&map)?.loaded, ["weight"]);
    /// assert_eq!(fc.weight, [0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where anything does not fit that the options do not allow: see [`LoadError`].
    fn check_state_dict(&self, map: &StateMap<'_>) -> Result<LoadReport, LoadError> {
        self.check_state_dict_with(map, &LoadOptions::new())
    }

    /// Does all that [`load_state_dict_with`](Self::load_state_dict_with) does but write.
    ///
    /// # Errors
    /// Where anything does not fit that the options do not allow: see [`LoadError`].
    fn check_state_dict_with(
        &self,
        map: &StateMap<'_>,
        options: &LoadOptions,
    ) -> Result<LoadReport, LoadError> {
        load::check(self, map, options)
    }

    /// Saves the state dict to a file, as `torch.save(model.state_dict(), path)`: the same bytes.
    ///
    /// The tensors stream into the file; no state dict is built. What was at `path` is replaced in one
    /// step once the new file is whole and on the disk; see [`StateMap::save_with`].
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
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("fc.pt");
    /// let fc = Linear { weight: vec![1.0, 2.0] };
    /// fc.save(&path)?;
    ///
    /// let file = StateMap::load(&path)?;
    /// assert_eq!(file.get("weight").unwrap().to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the model's names collide, a tensor cannot give its elements, or writing fails. The
    /// file that was there is then untouched.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.save_with(path, &WriteOptions::default())
    }

    /// Saves the state dict with options.
    ///
    /// ```
    /// use statedict::WriteOptions;
    /// use statedict::prelude::*;
    ///
    /// # fn save(model: &impl StateDict, path: &std::path::Path) -> Result<(), statedict::Error> {
    /// model.save_with(path, &WriteOptions::default().alignment(4096))
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`save`](Self::save).
    fn save_with(&self, path: impl AsRef<Path>, options: &WriteOptions) -> Result<(), Error> {
        save::save(self, path.as_ref(), options)
    }

    /// Loads a file strictly, as `model.load_state_dict(torch.load(path))`, but all or nothing. Of a checkpoint
    /// with more in it, what is loaded is the state dict that [`StateMap::load`] finds there.
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
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("fc.pt");
    /// # Linear { weight: vec![1.0, 2.0] }.save(&path)?;
    /// let mut fc = Linear { weight: vec![0.0; 2] };
    /// let report = fc.load(&path)?;
    /// assert_eq!(report.loaded, ["weight"]);
    /// assert_eq!(fc.weight, [1.0, 2.0]);
    ///
    /// let mut wider = Linear { weight: vec![0.0; 3] };
    /// assert!(wider.load(&path).is_err());
    /// assert_eq!(wider.weight, [0.0; 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be read, or does not fit the model. Nothing is then written.
    fn load(&mut self, path: impl AsRef<Path>) -> Result<LoadReport, Error> {
        self.load_with(path, &LoadOptions::new())
    }

    /// Loads a file with options.
    ///
    /// ```
    /// use statedict::LoadOptions;
    /// use statedict::prelude::*;
    ///
    /// # fn load(model: &mut impl StateDict, path: &std::path::Path) -> Result<(), statedict::Error> {
    /// let report = model.load_with(path, &LoadOptions::new().strict(false))?;
    /// println!("not in the file: {:?}", report.missing);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`load`](Self::load), but for what the options allow.
    fn load_with(
        &mut self,
        path: impl AsRef<Path>,
        options: &LoadOptions,
    ) -> Result<LoadReport, Error> {
        let path = path.as_ref();
        let map = StateMap::load(path)?;
        self.load_state_dict_with(&map, options)
            .map_err(|source| Error::Load { path: path.to_owned(), source })
    }

    /// Sets the flag that a module marks with `#[training]`, in this module and in all below it: as
    /// `model.train()`.
    ///
    /// ```
    /// use statedict::prelude::*;
    ///
    /// #[derive(StateDict)]
    /// struct Dropout {
    ///     p: f64,
    ///     #[training]
    ///     training: bool,
    /// }
    ///
    /// #[derive(StateDict)]
    /// struct Net {
    ///     layers: Vec<Dropout>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut net = Net { layers: vec![Dropout { p: 0.5, training: false }] };
    /// net.train()?;
    /// assert!(net.layers[0].training);
    /// net.eval()?;
    /// assert!(!net.layers[0].training);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The modules that cannot be reached, being locked elsewhere. All others are set.
    fn train(&mut self) -> Result<(), ModelErrors> {
        visit::set_training(self, true).map_err(ModelErrors)
    }

    /// The reverse of [`train`](Self::train), as `model.eval()`: before a model is used.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    fn eval(&mut self) -> Result<(), ModelErrors> {
        visit::set_training(self, false).map_err(ModelErrors)
    }

    /// The parameters with their keys, in order. A parameter with several names comes once, under the
    /// first, as in PyTorch. What is behind a lock is a copy, and left out while it is locked elsewhere.
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
    fn named_parameters(&self) -> Vec<(String, TensorRef<'_>)> {
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
    fn named_buffers(&self) -> Vec<(String, TensorRef<'_>)> {
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
        let walk = visit::walk(self);
        let parameters = walk.leaves_once(|kind| kind == Kind::Parameter);
        parameters.map(|leaf| leaf.tensor.shape().numel().unwrap_or(usize::MAX)).sum()
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
        self.visit_fields(&mut children);
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
        let mut speller = walk.keys.speller();
        let named = walk
            .modules
            .iter()
            .map(|module| (speller.spell(module.path).to_owned(), *walk.infos.of(module)));
        named.collect()
    }
}

impl<M: StateDict + ?Sized> StateDictExt for M {}

/// The leaves of some kinds, each once.
fn leaves<M: StateDict + ?Sized>(
    model: &M,
    wanted: impl Fn(Kind) -> bool,
) -> Vec<(String, TensorRef<'_>)> {
    let walk = visit::walk_copying(model);
    let mut speller = walk.keys.speller();
    let leaves = walk.leaves_once(wanted);
    leaves.map(|leaf| (speller.spell(leaf.key).to_owned(), leaf.tensor.clone())).collect()
}

/// Notes the direct children and does not enter them.
#[derive(Default)]
struct Children<'a> {
    found: Vec<(String, &'a dyn StateDict)>,
}

impl<'a> Visitor<ByRef<'a>> for Children<'a> {
    fn take(&mut self, part: Part<'_, ByRef<'a>>) {
        match part {
            Part::Field(field, Content::Module(module)) => match field.kind() {
                FieldKind::Flattened(_) => module.visit_fields(self),
                // `None` lists no module of its own.
                _ if visit::walk(module).modules.is_empty() => {}
                _ => self.found.push((field.name().to_owned(), module)),
            },
            Part::Shared(_, visit) => visit(self),
            // Children behind a lock cannot be lent.
            _ => {}
        }
    }
}
