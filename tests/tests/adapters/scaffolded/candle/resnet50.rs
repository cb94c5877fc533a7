// The 320 tensors of resnet50.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("resnet50.pt")?;
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
    pub conv1: Conv2d,
    pub bn1: BatchNorm,
    pub relu: Stateless,
    pub maxpool: Stateless,
    pub layer1: Vec<Layer>,
    pub layer2: Vec<Layer>,
    pub layer3: Vec<Layer>,
    pub layer4: Vec<Layer>,
    pub avgpool: Stateless,
    pub fc: Linear,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            conv1: Conv2d::new(3, 2, 7, 7, device)?,
            bn1: BatchNorm::new(2, device)?,
            relu: Stateless,
            maxpool: Stateless,
            layer1: vec![
                Layer::new(2, 2, 8, true, device)?,
                Layer::new(8, 2, 8, false, device)?,
                Layer::new(8, 2, 8, false, device)?,
            ],
            layer2: vec![
                Layer::new(8, 4, 16, true, device)?,
                Layer::new(16, 4, 16, false, device)?,
                Layer::new(16, 4, 16, false, device)?,
                Layer::new(16, 4, 16, false, device)?,
            ],
            layer3: vec![
                Layer::new(16, 8, 32, true, device)?,
                Layer::new(32, 8, 32, false, device)?,
                Layer::new(32, 8, 32, false, device)?,
                Layer::new(32, 8, 32, false, device)?,
                Layer::new(32, 8, 32, false, device)?,
                Layer::new(32, 8, 32, false, device)?,
            ],
            layer4: vec![
                Layer::new(32, 16, 64, true, device)?,
                Layer::new(64, 16, 64, false, device)?,
                Layer::new(64, 16, 64, false, device)?,
            ],
            avgpool: Stateless,
            fc: Linear::new(64, 10, device)?,
        })
    }
}

/// The module at `layer1.0` and 15 more.
#[derive(StateDict)]
pub struct Layer {
    pub conv1: Conv2d,
    pub bn1: BatchNorm,
    pub conv2: Conv2d,
    pub bn2: BatchNorm,
    pub conv3: Conv2d,
    pub bn3: BatchNorm,
    pub relu: Stateless,
    pub downsample: Option<Downsample>,
}

impl Layer {
    /// Zeros, in the file's shapes.
    pub fn new(
        conv1_inputs: usize,
        conv1_outputs: usize,
        conv3_outputs: usize,
        downsample: bool,
        device: &Device,
    ) -> Result<Self> {
        Ok(Layer {
            conv1: Conv2d::new(conv1_inputs, conv1_outputs, 1, 1, device)?,
            bn1: BatchNorm::new(conv1_outputs, device)?,
            conv2: Conv2d::new(conv1_outputs, conv1_outputs, 3, 3, device)?,
            bn2: BatchNorm::new(conv1_outputs, device)?,
            conv3: Conv2d::new(conv1_outputs, conv3_outputs, 1, 1, device)?,
            bn3: BatchNorm::new(conv3_outputs, device)?,
            relu: Stateless,
            downsample: if downsample { Some(Downsample::new(conv1_inputs, conv3_outputs, device)?) } else { None },
        })
    }
}

/// The module at `layer1.0.downsample` and 3 more.
#[derive(StateDict)]
pub struct Downsample {
    #[rename("0")]
    pub conv2d_0: Conv2d,
    #[rename("1")]
    pub batch_norm_1: BatchNorm,
}

impl Downsample {
    /// Zeros, in the file's shapes.
    pub fn new(conv2d_0_inputs: usize, conv2d_0_outputs: usize, device: &Device) -> Result<Self> {
        Ok(Downsample {
            conv2d_0: Conv2d::new(conv2d_0_inputs, conv2d_0_outputs, 1, 1, device)?,
            batch_norm_1: BatchNorm::new(conv2d_0_outputs, device)?,
        })
    }
}

/// `torch.nn.Conv2d`: `conv1` and 52 more.
///
/// A guess: it could be a transposed convolution.
#[derive(StateDict)]
pub struct Conv2d {
    /// `[outputs, inputs, kernel_h, kernel_w]`, float32
    #[param]
    pub weight: Tensor,
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
        })
    }
}

/// `torch.nn.BatchNorm1d`, `2d` or `3d`: `bn1` and 52 more.
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

/// A module without parameters, buffers and children: an activation, a dropout: `relu` and 18 more.
#[derive(StateDict)]
pub struct Stateless;

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
