// The 7 tensors of quickstart.v1.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("quickstart.v1.pt")?;
//
// It needs the feature `burn` of statedict, and the crate burn.
//
// A file does not say what is a parameter and what a buffer, nor of which class a layer is: check
// both, where it matters, with the model's source.
// Saved again, the state dict is the same, byte for byte.

use burn::module::Param;
use burn::tensor::{DType as BurnDType, Device, Tensor};
use statedict::{Alias, StateDict};

/// The model.
#[derive(StateDict)]
pub struct Model {
    /// `[2, 3]`, float32
    #[param]
    pub my_param: Param<Tensor<2>>,
    /// `[3]`, float32
    #[param]
    pub my_buffer: Param<Tensor<1>>,
    pub fc: Linear,
    pub conv: Conv2d,
    pub fc2: Linear,
    #[alias(fc)]
    #[allow(dead_code)]
    pub f3: Alias<Linear>,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            my_param: Param::from_tensor(Tensor::zeros([2, 3], (device, BurnDType::F32))),
            my_buffer: Param::from_tensor(Tensor::zeros([3], (device, BurnDType::F32))),
            fc: Linear::new(4, 3, device),
            conv: Conv2d::new(3, 2, 3, 3, device),
            fc2: Linear::new(3, 2, device),
            f3: Alias::new(),
        }
    }
}

/// `torch.nn.Linear`: `fc` and one more.
///
/// A guess: it could be an `Embedding`.
#[derive(StateDict)]
pub struct Linear {
    /// `[outputs, inputs]`, float32
    #[param]
    pub weight: Param<Tensor<2>>,
}

impl Linear {
    /// Zeros, in the file's shapes.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Linear {
            weight: Param::from_tensor(Tensor::zeros([outputs, inputs], (device, BurnDType::F32))),
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
