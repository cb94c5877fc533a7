// The 24 tensors of norms.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("norms.pt")?;
//
// It needs the feature `candle` of statedict, and the crate candle-core.
//
// A file does not say what is a parameter and what a buffer, nor of which class a layer is: check
// both, where it matters, with the model's source.
// Saved again, the state dict is the same, byte for byte.

use candle_core::{Device, Result, Tensor};
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
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            batch: BatchNorm::new(2, true, true, device)?,
            plain: BatchNorm::new(2, false, true, device)?,
            untracked: BatchNorm::new(2, true, false, device)?,
            instance: InstanceNorm,
            tracked: BatchNorm::new(2, true, true, device)?,
            sync: BatchNorm::new(2, true, true, device)?,
            group: GroupNorm::new(2, device)?,
            layer: LayerNorm::new(2, device)?,
        })
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
    pub weight: Option<Tensor>,
    /// `[features]`, float32
    #[param]
    pub bias: Option<Tensor>,
    /// `[features]`, float32
    #[buffer]
    pub running_mean: Option<Tensor>,
    /// `[features]`, float32
    #[buffer]
    pub running_var: Option<Tensor>,
    /// `[]`, int64
    #[buffer]
    pub num_batches_tracked: Option<Tensor>,
}

impl BatchNorm {
    /// Zeros, in the file's shapes.
    pub fn new(
        features: usize,
        affine: bool,
        track_running_stats: bool,
        device: &Device,
    ) -> Result<Self> {
        Ok(BatchNorm {
            weight: if affine { Some(Tensor::zeros(features, candle_core::DType::F32, device)?) } else { None },
            bias: if affine { Some(Tensor::zeros(features, candle_core::DType::F32, device)?) } else { None },
            running_mean: if track_running_stats { Some(Tensor::zeros(features, candle_core::DType::F32, device)?) } else { None },
            running_var: if track_running_stats { Some(Tensor::zeros(features, candle_core::DType::F32, device)?) } else { None },
            num_batches_tracked: if track_running_stats { Some(Tensor::zeros((), candle_core::DType::I64, device)?) } else { None },
        })
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
    pub weight: Tensor,
    /// `[features]`, float32
    #[param]
    pub bias: Tensor,
}

impl GroupNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Result<Self> {
        Ok(GroupNorm {
            weight: Tensor::zeros(features, candle_core::DType::F32, device)?,
            bias: Tensor::zeros(features, candle_core::DType::F32, device)?,
        })
    }
}

/// `torch.nn.LayerNorm`: `layer`.
///
/// A guess: it could be a `GroupNorm`.
#[derive(StateDict)]
pub struct LayerNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Tensor,
    /// `[features]`, float32
    #[param]
    pub bias: Tensor,
}

impl LayerNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Result<Self> {
        Ok(LayerNorm {
            weight: Tensor::zeros(features, candle_core::DType::F32, device)?,
            bias: Tensor::zeros(features, candle_core::DType::F32, device)?,
        })
    }
}
