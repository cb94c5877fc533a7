// The 29 tensors of gpt.pt as structs.
//
//     use statedict::StateDictExt;
//
//     let mut model = Model::new(&device)?;
//     model.load("gpt.pt")?;
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
    pub transformer: Transformer,
    #[alias("transformer.wte")]
    #[allow(dead_code)]
    pub lm_head: Alias<Embedding>,
}

impl Model {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Model {
            transformer: Transformer::new(device)?,
            lm_head: Alias::new(),
        })
    }
}

/// The module at `transformer`.
#[derive(StateDict)]
pub struct Transformer {
    pub wte: Embedding,
    pub wpe: Embedding,
    pub drop: Stateless,
    pub h: Vec<Block>,
    pub ln_f: LayerNorm,
}

impl Transformer {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Transformer {
            wte: Embedding::new(7, 4, device)?,
            wpe: Embedding::new(5, 4, device)?,
            drop: Stateless,
            h: vec![Block::new(device)?, Block::new(device)?],
            ln_f: LayerNorm::new(4, true, device)?,
        })
    }
}

/// The module at `transformer.h.0` and one more.
#[derive(StateDict)]
pub struct Block {
    pub ln_1: LayerNorm,
    pub attn: Attn,
    pub ln_2: LayerNorm,
    pub mlp: Mlp,
}

impl Block {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Block {
            ln_1: LayerNorm::new(4, true, device)?,
            attn: Attn::new(device)?,
            ln_2: LayerNorm::new(4, false, device)?,
            mlp: Mlp::new(device)?,
        })
    }
}

/// The module at `transformer.h.0.attn` and one more.
#[derive(StateDict)]
pub struct Attn {
    /// `[5, 5]`, float32
    #[param]
    pub bias: Tensor,
    pub c_attn: Linear,
    pub c_proj: Linear,
}

impl Attn {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Attn {
            bias: Tensor::zeros((5, 5), candle_core::DType::F32, device)?,
            c_attn: Linear::new(4, 12, device)?,
            c_proj: Linear::new(4, 4, device)?,
        })
    }
}

/// The module at `transformer.h.0.mlp` and one more.
#[derive(StateDict)]
pub struct Mlp {
    pub c_fc: Linear,
    pub gelu: Stateless,
    pub c_proj: Linear,
}

impl Mlp {
    /// Zeros, in the file's shapes.
    pub fn new(device: &Device) -> Result<Self> {
        Ok(Mlp {
            c_fc: Linear::new(4, 16, device)?,
            gelu: Stateless,
            c_proj: Linear::new(16, 4, device)?,
        })
    }
}

/// `torch.nn.Embedding`: `transformer.wte` and one more.
///
/// A guess: it could be a `Linear` without a bias.
#[derive(StateDict)]
pub struct Embedding {
    /// `[count, width]`, float32
    #[param]
    pub weight: Tensor,
}

impl Embedding {
    /// Zeros, in the file's shapes.
    pub fn new(count: usize, width: usize, device: &Device) -> Result<Self> {
        Ok(Embedding {
            weight: Tensor::zeros((count, width), candle_core::DType::F32, device)?,
        })
    }
}

/// A module without parameters, buffers and children: an activation, a dropout: `transformer.drop` and 2 more.
#[derive(StateDict)]
pub struct Stateless;

/// `torch.nn.LayerNorm`: `transformer.h.0.ln_1` and 4 more.
///
/// A guess: `transformer.h.0.ln_2` and 1 more could be an `RMSNorm`.
#[derive(StateDict)]
pub struct LayerNorm {
    /// `[features]`, float32
    #[param]
    pub weight: Tensor,
    /// `[features]`, float32
    #[param]
    pub bias: Option<Tensor>,
}

impl LayerNorm {
    /// Zeros, in the file's shapes.
    pub fn new(features: usize, bias: bool, device: &Device) -> Result<Self> {
        Ok(LayerNorm {
            weight: Tensor::zeros(features, candle_core::DType::F32, device)?,
            bias: if bias { Some(Tensor::zeros(features, candle_core::DType::F32, device)?) } else { None },
        })
    }
}

/// `torch.nn.Linear`: `transformer.h.0.attn.c_attn` and 7 more.
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
