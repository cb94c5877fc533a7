// The 24 tensors of norms.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("norms.pt")?;
//
// It needs the feature `burn` of statedict, and the crate burn.
//
// A file does not say what is a parameter and what a buffer, nor of which class a layer is: check
// both, where it matters, with the model's source.
// Saved again, the state dict is the same, byte for byte.

use burn::module::Param;
use burn::tensor::{DType as BurnDType, Device, Tensor};
use statedict::StateDict;

/// The model.
#[derive(StateDict)]
pub struct Model {
    pub batch: BatchNorm,
    pub plain: BatchNorm,
    pub untracked: BatchNorm,
    pub instance: InstanceNorm,
    pub tracked: BatchNorm,
    pub sync: BatchNorm,
    pub group: GroupNorm,
    pub layer: LayerNorm,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            batch: BatchNorm::new(2, true, true, device),
            plain: BatchNorm::new(2, false, true, device),
            untracked: BatchNorm::new(2, true, false, device),
            instance: InstanceNorm,
            tracked: BatchNorm::new(2, true, true, device),
            sync: BatchNorm::new(2, true, true, device),
            group: GroupNorm::new(2, device),
            layer: LayerNorm::new(2, device),
        }
    }
}

/// `torch.nn.BatchNorm1d`, `2d` or `3d`: `batch` and 4 more.
///
/// A guess: `untracked` could be an instance normalization, or a batch normalization that does not track its statistics.
#[derive(StateDict)]
#[version(2)]
pub struct BatchNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Option<Param<Tensor<1>>>,
    /// `[features]`, float32
    #[param]
    pub bias: Option<Param<Tensor<1>>>,
    /// `[features]`, float32
    #[buffer]
    pub running_mean: Option<Tensor<1>>,
    /// `[features]`, float32
    #[buffer]
    pub running_var: Option<Tensor<1>>,
    /// `[]`, int64
    #[buffer]
    pub num_batches_tracked: Option<i64>,
}

impl BatchNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, affine: bool, track_running_stats: bool, device: &Device) -> Self {
        BatchNorm {
            weight: affine.then(|| Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32)))),
            bias: affine.then(|| Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32)))),
            running_mean: track_running_stats.then(|| Tensor::zeros([features], (device, BurnDType::F32))),
            running_var: track_running_stats.then(|| Tensor::zeros([features], (device, BurnDType::F32))),
            num_batches_tracked: track_running_stats.then_some(0),
        }
    }
}

/// `torch.nn.InstanceNorm1d` or another normalization without state: `instance`.
#[derive(StateDict)]
#[version(2)]
pub struct InstanceNorm;

/// `torch.nn.GroupNorm`: `group`.
///
/// A guess: it could be a `LayerNorm`.
#[derive(StateDict)]
pub struct GroupNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Param<Tensor<1>>,
    /// `[features]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl GroupNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Self {
        GroupNorm {
            weight: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
        }
    }
}

/// `torch.nn.LayerNorm`: `layer`.
///
/// A guess: it could be a `GroupNorm`.
#[derive(StateDict)]
pub struct LayerNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Param<Tensor<1>>,
    /// `[features]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Self {
        LayerNorm {
            weight: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
        }
    }
}
