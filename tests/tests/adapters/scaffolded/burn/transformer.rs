// The 64 tensors of transformer.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device);
//     model.load("transformer.pt")?;
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
    pub encoder: Encoder,
    pub decoder: Decoder,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        Model {
            encoder: Encoder::new(device),
            decoder: Decoder::new(device),
        }
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
    pub fn new(device: &Device) -> Self {
        Encoder {
            layers: (0..2).map(|_| Layer::new(device)).collect(),
            norm: LayerNorm::new(4, device),
        }
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
    pub fn new(device: &Device) -> Self {
        Layer {
            self_attn: MultiheadAttention::new(device),
            linear1: Linear::new(4, 8, device),
            dropout: Stateless,
            linear2: Linear::new(8, 4, device),
            norm1: LayerNorm::new(4, device),
            norm2: LayerNorm::new(4, device),
            dropout1: Stateless,
            dropout2: Stateless,
        }
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
    pub fn new(device: &Device) -> Self {
        Decoder {
            layers: (0..2).map(|_| Layer2::new(device)).collect(),
            norm: LayerNorm::new(4, device),
        }
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
    pub fn new(device: &Device) -> Self {
        Layer2 {
            self_attn: MultiheadAttention::new(device),
            multihead_attn: MultiheadAttention::new(device),
            linear1: Linear::new(4, 8, device),
            dropout: Stateless,
            linear2: Linear::new(8, 4, device),
            norm1: LayerNorm::new(4, device),
            norm2: LayerNorm::new(4, device),
            norm3: LayerNorm::new(4, device),
            dropout1: Stateless,
            dropout2: Stateless,
            dropout3: Stateless,
        }
    }
}

/// `torch.nn.MultiheadAttention`: `encoder.layers.0.self_attn` and 5 more.
#[derive(StateDict)]
pub struct MultiheadAttention {
    /// `[12, 4]`, float32
    #[param]
    pub in_proj_weight: Param<Tensor<2>>,
    /// `[12]`, float32
    #[param]
    pub in_proj_bias: Param<Tensor<1>>,
    pub out_proj: Linear,
}

impl MultiheadAttention {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Self {
        MultiheadAttention {
            in_proj_weight: Param::from_tensor(Tensor::zeros([12, 4], (device, BurnDType::F32))),
            in_proj_bias: Param::from_tensor(Tensor::zeros([12], (device, BurnDType::F32))),
            out_proj: Linear::new(4, 4, device),
        }
    }
}

/// `torch.nn.Linear`: `encoder.layers.0.self_attn.out_proj` and 13 more.
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
    pub weight: Param<Tensor<1>>,
    /// `[features]`, float32
    #[param]
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, device: &Device) -> Self {
        LayerNorm {
            weight: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
            bias: Param::from_tensor(Tensor::zeros([features], (device, BurnDType::F32))),
        }
    }
}
