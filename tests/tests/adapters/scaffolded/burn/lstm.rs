// The 23 tensors of lstm.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("lstm.pt")?;
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
    pub encoder: Lstm,
    pub decoder: Lstm,
    pub out: Linear,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            encoder: Lstm::new(3, 4, false, true, device),
            decoder: Lstm::new(8, 2, true, false, device),
            out: Linear::new(2, 5, device),
        }
    }
}

/// `torch.nn.LSTM`: `encoder` and one more.
#[derive(StateDict)]
pub struct Lstm {
    /// `[16, weight_ih_l0_1]`, float32
    #[param]
    pub weight_ih_l0: Param<Tensor<2>>,
    /// `[16, weight_hh_l0_1]`, float32
    #[param]
    pub weight_hh_l0: Param<Tensor<2>>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l0: Param<Tensor<1>>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l0: Param<Tensor<1>>,
    /// `[2, 4]`, float32
    #[param]
    pub weight_hr_l0: Option<Param<Tensor<2>>>,
    /// `[16, 3]`, float32
    #[param]
    pub weight_ih_l0_reverse: Option<Param<Tensor<2>>>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l0_reverse: Option<Param<Tensor<2>>>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l0_reverse: Option<Param<Tensor<1>>>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l0_reverse: Option<Param<Tensor<1>>>,
    /// `[16, 8]`, float32
    #[param]
    pub weight_ih_l1: Option<Param<Tensor<2>>>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l1: Option<Param<Tensor<2>>>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l1: Option<Param<Tensor<1>>>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l1: Option<Param<Tensor<1>>>,
    /// `[16, 8]`, float32
    #[param]
    pub weight_ih_l1_reverse: Option<Param<Tensor<2>>>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l1_reverse: Option<Param<Tensor<2>>>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l1_reverse: Option<Param<Tensor<1>>>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l1_reverse: Option<Param<Tensor<1>>>,
}

impl Lstm {
    /// Zeros, in the file's shapes.
    pub fn new(
        weight_ih_l0_1: usize,
        weight_hh_l0_1: usize,
        weight_hr_l0: bool,
        weight_ih_l0_reverse: bool,
        device: &Device,
    ) -> Self {
        Lstm {
            weight_ih_l0: Param::from_tensor(Tensor::zeros([16, weight_ih_l0_1], (device, BurnDType::F32))),
            weight_hh_l0: Param::from_tensor(Tensor::zeros([16, weight_hh_l0_1], (device, BurnDType::F32))),
            bias_ih_l0: Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32))),
            bias_hh_l0: Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32))),
            weight_hr_l0: weight_hr_l0.then(|| Param::from_tensor(Tensor::zeros([2, 4], (device, BurnDType::F32)))),
            weight_ih_l0_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 3], (device, BurnDType::F32)))),
            weight_hh_l0_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 4], (device, BurnDType::F32)))),
            bias_ih_l0_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
            bias_hh_l0_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
            weight_ih_l1: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 8], (device, BurnDType::F32)))),
            weight_hh_l1: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 4], (device, BurnDType::F32)))),
            bias_ih_l1: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
            bias_hh_l1: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
            weight_ih_l1_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 8], (device, BurnDType::F32)))),
            weight_hh_l1_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16, 4], (device, BurnDType::F32)))),
            bias_ih_l1_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
            bias_hh_l1_reverse: weight_ih_l0_reverse.then(|| Param::from_tensor(Tensor::zeros([16], (device, BurnDType::F32)))),
        }
    }
}

/// `torch.nn.Linear`: `out`.
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
