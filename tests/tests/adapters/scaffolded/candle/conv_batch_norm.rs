// The 9 tensors of conv_batch_norm.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("conv_batch_norm.pt")?;
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
    pub conv: Conv2d,
    pub bn: BatchNorm,
    pub fc: Linear,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            conv: Conv2d::new(1, 4, 3, 3, device)?,
            bn: BatchNorm::new(4, device)?,
            fc: Linear::new(4, 3, device)?,
        })
    }
}

/// `torch.nn.Conv2d`: `conv`.
#[derive(StateDict)]
pub struct Conv2d {
    /// `[outputs, inputs, kernel_h, kernel_w]`, float32
    #[param]
    pub weight: Tensor,
    /// `[outputs]`, float32
    #[param]
    pub bias: Tensor,
}

impl Conv2d {
    /// Zeros, in the file's shapes.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel_h: usize,
        kernel_w: usize,
        device: &Device,
    ) -> Result<Self> {
        Ok(Conv2d {
            weight: Tensor::zeros((outputs, inputs, kernel_h, kernel_w), candle_core::DType::F32, device)?,
            bias: Tensor::zeros(outputs, candle_core::DType::F32, device)?,
        })
    }
}

/// `torch.nn.BatchNorm1d`, `2d` or `3d`: `bn`.
#[derive(StateDict)]
#[version(2)]
pub struct BatchNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Tensor,
    /// `[features]`, float32
    #[param]
    pub bias: Tensor,
    /// `[features]`, float32
    #[buffer]
    pub running_mean: Tensor,
    /// `[features]`, float32
    #[buffer]
    pub running_var: Tensor,
    /// `[]`, int64
    #[buffer]
    pub num_batches_tracked: Tensor,
}

impl BatchNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Result<Self> {
        Ok(BatchNorm {
            weight: Tensor::zeros(features, candle_core::DType::F32, device)?,
            bias: Tensor::zeros(features, candle_core::DType::F32, device)?,
            running_mean: Tensor::zeros(features, candle_core::DType::F32, device)?,
            running_var: Tensor::zeros(features, candle_core::DType::F32, device)?,
            num_batches_tracked: Tensor::zeros((), candle_core::DType::I64, device)?,
        })
    }
}

/// `torch.nn.Linear`: `fc`.
#[derive(StateDict)]
pub struct Linear {
    /// `[outputs, inputs]`, float32
    #[param]
    pub weight: Tensor,
    /// `[outputs]`, float32
    #[param]
    pub bias: Tensor,
}

impl Linear {
    /// Zeros, in the file's shapes.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Result<Self> {
        Ok(Linear {
            weight: Tensor::zeros((outputs, inputs), candle_core::DType::F32, device)?,
            bias: Tensor::zeros(outputs, candle_core::DType::F32, device)?,
        })
    }
}
