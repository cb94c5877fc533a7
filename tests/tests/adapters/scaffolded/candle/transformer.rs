// The 64 tensors of transformer.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("transformer.pt")?;
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
    pub encoder: Encoder,
    pub decoder: Decoder,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            encoder: Encoder::new(device)?,
            decoder: Decoder::new(device)?,
        })
    }
}

/// The module at `encoder`.
#[derive(StateDict)]
pub struct Encoder {
    pub layers: Vec<Layer>,
    pub norm: LayerNorm,
}

impl Encoder {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Encoder {
            layers: vec![Layer::new(device)?, Layer::new(device)?],
            norm: LayerNorm::new(4, device)?,
        })
    }
}

/// The module at `encoder.layers.0` and one more.
#[derive(StateDict)]
pub struct Layer {
    pub self_attn: MultiheadAttention,
    pub linear1: Linear,
    pub dropout: Stateless,
    pub linear2: Linear,
    pub norm1: LayerNorm,
    pub norm2: LayerNorm,
    pub dropout1: Stateless,
    pub dropout2: Stateless,
}

impl Layer {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Layer {
            self_attn: MultiheadAttention::new(device)?,
            linear1: Linear::new(4, 8, device)?,
            dropout: Stateless,
            linear2: Linear::new(8, 4, device)?,
            norm1: LayerNorm::new(4, device)?,
            norm2: LayerNorm::new(4, device)?,
            dropout1: Stateless,
            dropout2: Stateless,
        })
    }
}

/// The module at `decoder`.
#[derive(StateDict)]
pub struct Decoder {
    pub layers: Vec<Layer2>,
    pub norm: LayerNorm,
}

impl Decoder {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Decoder {
            layers: vec![Layer2::new(device)?, Layer2::new(device)?],
            norm: LayerNorm::new(4, device)?,
        })
    }
}

/// The module at `decoder.layers.0` and one more.
#[derive(StateDict)]
pub struct Layer2 {
    pub self_attn: MultiheadAttention,
    pub multihead_attn: MultiheadAttention,
    pub linear1: Linear,
    pub dropout: Stateless,
    pub linear2: Linear,
    pub norm1: LayerNorm,
    pub norm2: LayerNorm,
    pub norm3: LayerNorm,
    pub dropout1: Stateless,
    pub dropout2: Stateless,
    pub dropout3: Stateless,
}

impl Layer2 {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Layer2 {
            self_attn: MultiheadAttention::new(device)?,
            multihead_attn: MultiheadAttention::new(device)?,
            linear1: Linear::new(4, 8, device)?,
            dropout: Stateless,
            linear2: Linear::new(8, 4, device)?,
            norm1: LayerNorm::new(4, device)?,
            norm2: LayerNorm::new(4, device)?,
            norm3: LayerNorm::new(4, device)?,
            dropout1: Stateless,
            dropout2: Stateless,
            dropout3: Stateless,
        })
    }
}

/// `torch.nn.MultiheadAttention`: `encoder.layers.0.self_attn` and 5 more.
#[derive(StateDict)]
pub struct MultiheadAttention {
    /// `[12, 4]`, float32
    #[param]
    pub in_proj_weight: Tensor,
    /// `[12]`, float32
    #[param]
    pub in_proj_bias: Tensor,
    pub out_proj: Linear,
}

impl MultiheadAttention {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(MultiheadAttention {
            in_proj_weight: Tensor::zeros((12, 4), candle_core::DType::F32, device)?,
            in_proj_bias: Tensor::zeros(12, candle_core::DType::F32, device)?,
            out_proj: Linear::new(4, 4, device)?,
        })
    }
}

/// `torch.nn.Linear`: `encoder.layers.0.self_attn.out_proj` and 13 more.
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

/// A module without parameters, buffers and children: an activation, a dropout: `encoder.layers.0.dropout` and 13 more.
#[derive(StateDict)]
pub struct Stateless;

/// `torch.nn.LayerNorm`: `encoder.layers.0.norm1` and 11 more.
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
