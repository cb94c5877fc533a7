// The 23 tensors of lstm.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("lstm.pt")?;
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
    pub encoder: Lstm,
    pub decoder: Lstm,
    pub out: Linear,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            encoder: Lstm::new(3, 4, false, true, device)?,
            decoder: Lstm::new(8, 2, true, false, device)?,
            out: Linear::new(2, 5, device)?,
        })
    }
}

/// `torch.nn.LSTM`: `encoder` and one more.
#[derive(StateDict)]
pub struct Lstm {
    /// `[16, weight_ih_l0_1]`, float32
    #[param]
    pub weight_ih_l0: Tensor,
    /// `[16, weight_hh_l0_1]`, float32
    #[param]
    pub weight_hh_l0: Tensor,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l0: Tensor,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l0: Tensor,
    /// `[2, 4]`, float32
    #[param]
    pub weight_hr_l0: Option<Tensor>,
    /// `[16, 3]`, float32
    #[param]
    pub weight_ih_l0_reverse: Option<Tensor>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l0_reverse: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l0_reverse: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l0_reverse: Option<Tensor>,
    /// `[16, 8]`, float32
    #[param]
    pub weight_ih_l1: Option<Tensor>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l1: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l1: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l1: Option<Tensor>,
    /// `[16, 8]`, float32
    #[param]
    pub weight_ih_l1_reverse: Option<Tensor>,
    /// `[16, 4]`, float32
    #[param]
    pub weight_hh_l1_reverse: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_ih_l1_reverse: Option<Tensor>,
    /// `[16]`, float32
    #[param]
    pub bias_hh_l1_reverse: Option<Tensor>,
}

impl Lstm {
    /// Zeros, in the file's shapes.
    pub fn new(
        weight_ih_l0_1: usize,
        weight_hh_l0_1: usize,
        weight_hr_l0: bool,
        weight_ih_l0_reverse: bool,
        device: &Device,
    ) -> Result<Self> {
        Ok(Lstm {
            weight_ih_l0: Tensor::zeros((16, weight_ih_l0_1), candle_core::DType::F32, device)?,
            weight_hh_l0: Tensor::zeros((16, weight_hh_l0_1), candle_core::DType::F32, device)?,
            bias_ih_l0: Tensor::zeros(16, candle_core::DType::F32, device)?,
            bias_hh_l0: Tensor::zeros(16, candle_core::DType::F32, device)?,
            weight_hr_l0: if weight_hr_l0 { Some(Tensor::zeros((2, 4), candle_core::DType::F32, device)?) } else { None },
            weight_ih_l0_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 3), candle_core::DType::F32, device)?) } else { None },
            weight_hh_l0_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 4), candle_core::DType::F32, device)?) } else { None },
            bias_ih_l0_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
            bias_hh_l0_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
            weight_ih_l1: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 8), candle_core::DType::F32, device)?) } else { None },
            weight_hh_l1: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 4), candle_core::DType::F32, device)?) } else { None },
            bias_ih_l1: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
            bias_hh_l1: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
            weight_ih_l1_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 8), candle_core::DType::F32, device)?) } else { None },
            weight_hh_l1_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros((16, 4), candle_core::DType::F32, device)?) } else { None },
            bias_ih_l1_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
            bias_hh_l1_reverse: if weight_ih_l0_reverse { Some(Tensor::zeros(16, candle_core::DType::F32, device)?) } else { None },
        })
    }
}

/// `torch.nn.Linear`: `out`.
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
