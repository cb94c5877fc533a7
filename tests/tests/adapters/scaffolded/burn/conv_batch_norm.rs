// The 9 tensors of conv_batch_norm.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("conv_batch_norm.pt")?;
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
    pub conv: Conv2d,
    pub bn: BatchNorm,
    pub fc: Linear,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            conv: Conv2d::new(1, 4, 3, 3, device),
            bn: BatchNorm::new(4, device),
            fc: Linear::new(4, 3, device),
        }
    }
}

/// `torch.nn.Conv2d`: `conv`.
#[derive(StateDict)]
pub struct Conv2d {
    /// `[outputs, inputs, kernel_h, kernel_w]`, float32
    #[param]
    pub weight: Param<Tensor<4>>,
    /// `[outputs]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl Conv2d {
    /// Zeros, in the file's shapes.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel_h: usize,
        kernel_w: usize,
        device: &Device,
    ) -> Self {
        Conv2d {
            weight: Param::from_tensor(Tensor::zeros([outputs, inputs, kernel_h, kernel_w], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([outputs], (device, BurnDType::F32))),
        }
    }
}

/// `torch.nn.BatchNorm1d`, `2d` or `3d`: `bn`.
#[derive(StateDict)]
#[version(2)]
pub struct BatchNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Param<Tensor<1>>,
    /// `[features]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
    /// `[features]`, float32
    #[buffer]
    pub running_mean: Tensor<1>,
    /// `[features]`, float32
    #[buffer]
    pub running_var: Tensor<1>,
    /// `[]`, int64
    #[buffer]
    pub num_batches_tracked: i64,
}

impl BatchNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Self {
        BatchNorm {
            weight: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
            running_mean: Tensor::zeros([features], (device, BurnDType::F32)),
            running_var: Tensor::zeros([features], (device, BurnDType::F32)),
            num_batches_tracked: 0,
        }
    }
}

/// `torch.nn.Linear`: `fc`.
#[derive(StateDict)]
pub struct Linear {
    /// `[outputs, inputs]`, float32
    #[param]
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Zeros, in the file's shapes.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Linear {
            weight: Param::from_tensor(Tensor::zeros([outputs, inputs], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([outputs], (device, BurnDType::F32))),
        }
    }
}
