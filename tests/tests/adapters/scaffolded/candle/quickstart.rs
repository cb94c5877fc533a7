// The 7 tensors of quickstart.v1.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("quickstart.v1.pt")?;
//
// It needs the feature `candle` of statedict, and the crate candle-core.
//
// A file does not say what is a parameter and what a buffer, nor of which class a layer is: check
// both, where it matters, with the model's source.
// Saved again, the state dict is the same, byte for byte.

use candle_core::{Device, Result, Tensor};
use statedict::{Alias, StateDict};

/// The model.
#[derive(StateDict)]
pub struct Model {
    /// `[2, 3]`, float32
    #[param]
    pub my_param: Tensor,
    /// `[3]`, float32
    #[param]
    pub my_buffer: Tensor,
    pub fc: Linear,
    pub conv: Conv2d,
    pub fc2: Linear,
    #[alias(fc)]
    #[allow(dead_code)]
    pub f3: Alias<Linear>,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            my_param: Tensor::zeros((2, 3), candle_core::DType::F32, device)?,
            my_buffer: Tensor::zeros(3, candle_core::DType::F32, device)?,
            fc: Linear::new(4, 3, device)?,
            conv: Conv2d::new(3, 2, 3, 3, device)?,
            fc2: Linear::new(3, 2, device)?,
            f3: Alias::new(),
        })
    }
}

/// `torch.nn.Linear`: `fc` and one more.
///
/// A guess: it could be an `Embedding`.
#[derive(StateDict)]
pub struct Linear {
    /// `[outputs, inputs]`, float32
    #[param]
    pub weight: Tensor,
}

impl Linear {
    /// Zeros, in the file's shapes.
    pub fn new(inputs: usize, outputs: usize, device: &Device) -> Result<Self> {
        Ok(Linear {
            weight: Tensor::zeros((outputs, inputs), candle_core::DType::F32, device)?,
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
