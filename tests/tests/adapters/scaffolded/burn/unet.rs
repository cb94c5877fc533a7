// The 80 tensors of unet.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("unet.pt")?;
//
// It needs the feature `burn` of statedict, and the crate burn.
//
// A file does not say what is a parameter and what a buffer, nor of which class a layer is: check
// both, where it matters, with the model's source.
// Saved again, the state dict is the same, byte for byte.

use burn::module::Param;
use burn::tensor::{DType as BurnDType, Device, Tensor};
use statedict::{ParameterList, StateDict};

/// The model.
#[derive(StateDict)]
pub struct Model {
    pub down: Vec<DownBlock>,
    pub middle: DownBlock,
    pub up: Up,
    pub skips: ParameterList<Param<Tensor<1>>>,
    pub gates: Gates,
    pub head: Conv2d,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            down: vec![DownBlock::new(1, 2, device), DownBlock::new(2, 4, device)],
            middle: DownBlock::new(4, 8, device),
            up: Up::new(device),
            skips: ParameterList(vec![
                Param::from_tensor(Tensor::zeros([2], (device, BurnDType::F32))),
                Param::from_tensor(Tensor::zeros([4], (device, BurnDType::F32))),
            ]),
            gates: Gates::new(device),
            head: Conv2d::new(2, 1, 1, 1, device),
        }
    }
}

/// The module at `down.0` and 4 more.
#[derive(StateDict)]
pub struct DownBlock {
    #[rename("0")]
    pub conv2d_0: Conv2d,
    #[rename("1")]
    pub batch_norm_1: BatchNorm,
    #[rename("2")]
    pub stateless_2: Stateless,
    #[rename("3")]
    pub conv2d_3: Conv2d,
    #[rename("4")]
    pub batch_norm_4: BatchNorm,
    #[rename("5")]
    pub stateless_5: Stateless,
}

impl DownBlock {
    /// Zeros, in the file's shapes.
    pub fn new(conv2d_0_inputs: usize, conv2d_0_outputs: usize, device: &Device) -> Self {
        DownBlock {
            conv2d_0: Conv2d::new(conv2d_0_inputs, conv2d_0_outputs, 3, 3, device),
            batch_norm_1: BatchNorm::new(conv2d_0_outputs, device),
            stateless_2: Stateless,
            conv2d_3: Conv2d::new(conv2d_0_outputs, conv2d_0_outputs, 3, 3, device),
            batch_norm_4: BatchNorm::new(conv2d_0_outputs, device),
            stateless_5: Stateless,
        }
    }
}

/// The module at `up`.
#[derive(StateDict)]
pub struct Up {
    pub two: Two,
    pub one: Two,
}

impl Up {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Up {
            two: Two::new(8, 4, device),
            one: Two::new(4, 2, device),
        }
    }
}

/// The module at `up.two` and one more.
#[derive(StateDict)]
pub struct Two {
    #[rename("0")]
    pub conv_transpose2d_0: ConvTranspose2d,
    #[rename("1")]
    pub down_block_1: DownBlock,
}

impl Two {
    /// Zeros, in the file's shapes.
    pub fn new(
        conv_transpose2d_0_inputs: usize,
        conv_transpose2d_0_outputs: usize,
        device: &Device,
    ) -> Self {
        Two {
            conv_transpose2d_0: ConvTranspose2d::new(conv_transpose2d_0_inputs, conv_transpose2d_0_outputs, 2, 2, device),
            down_block_1: DownBlock::new(conv_transpose2d_0_inputs, conv_transpose2d_0_outputs, device),
        }
    }
}

/// The module at `gates`.
#[derive(StateDict)]
pub struct Gates {
    /// `[3]`, float32
    #[param]
    pub b: Param<Tensor<1>>,
    /// `[1]`, float32
    #[param]
    pub a: Param<Tensor<1>>,
}

impl Gates {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Gates {
            b: Param::from_tensor(Tensor::zeros([3], (device, BurnDType::F32))),
            a: Param::from_tensor(Tensor::zeros([1], (device, BurnDType::F32))),
        }
    }
}

/// `torch.nn.Conv2d`: `down.0.0` and 10 more.
///
/// A guess: `down.0.3` and 4 more could be a transposed convolution.
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

/// `torch.nn.BatchNorm1d`, `2d` or `3d`: `down.0.1` and 9 more.
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

/// A module without parameters, buffers and children: an activation, a dropout: `down.0.2` and 9 more.
#[derive(StateDict)]
pub struct Stateless;

/// `torch.nn.ConvTranspose2d`: `up.two.0` and one more.
#[derive(StateDict)]
pub struct ConvTranspose2d {
    /// `[inputs, outputs, kernel_h, kernel_w]`, float32
    #[param]
    pub weight: Param<Tensor<4>>,
    /// `[outputs]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl ConvTranspose2d {
    /// Zeros, in the file's shapes.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel_h: usize,
        kernel_w: usize,
        device: &Device,
    ) -> Self {
        ConvTranspose2d {
            weight: Param::from_tensor(Tensor::zeros([inputs, outputs, kernel_h, kernel_w], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([outputs], (device, BurnDType::F32))),
        }
    }
}
