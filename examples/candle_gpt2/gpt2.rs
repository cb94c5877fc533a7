//! GPT-2 with the names of Hugging Face's `GPT2LMHeadModel`. The head is the embedding's own tensor.

use candle_core::{D, DType, Device, Module, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, VarBuilder, embedding, layer_norm, ops};
use statedict::StateDict;

/// The sizes of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Config {
    pub(crate) vocabulary: usize,
    pub(crate) context: usize,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
}

/// `GPT2LMHeadModel`. That `lm_head.weight` is `transformer.wte.weight` needs no attribute: both
/// layers hold the same tensor, so it is saved once, and loaded once.
#[derive(StateDict)]
pub(crate) struct Gpt2 {
    transformer: Transformer,
    lm_head: Linear,
}

#[derive(StateDict)]
struct Transformer {
    wte: Embedding,
    wpe: Embedding,
    h: Vec<Block>,
    ln_f: LayerNorm,
}

#[derive(StateDict)]
struct Block {
    ln_1: LayerNorm,
    attn: Attention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

#[derive(StateDict)]
struct Attention {
    c_attn: Conv1D,
    c_proj: Conv1D,
    #[skip]
    heads: usize,
}

#[derive(StateDict)]
struct Mlp {
    c_fc: Conv1D,
    c_proj: Conv1D,
}

/// GPT-2's linear layer, whose matrix is the other way round: `[inputs, outputs]`.
#[derive(StateDict)]
struct Conv1D {
    #[param]
    weight: Tensor,
    #[param]
    bias: Tensor,
}

impl Gpt2 {
    pub(crate) fn new(config: Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let Config { vocabulary, context, width, layers, heads } = config;
        let vb = vb.pp("transformer");
        let blocks = (0..layers).map(|layer| Block::new(width, heads, &vb.pp("h").pp(layer)));
        let transformer = Transformer {
            wte: embedding(vocabulary, width, vb.pp("wte"))?,
            wpe: embedding(context, width, vb.pp("wpe"))?,
            h: blocks.collect::<Result<_>>()?,
            ln_f: layer_norm(width, 1e-5, vb.pp("ln_f"))?,
        };
        let lm_head = Linear::new(transformer.wte.embeddings().clone(), None);
        Ok(Gpt2 { transformer, lm_head })
    }

    /// The logits of the next token after each of `tokens`, of shape `[batch, length]`.
    pub(crate) fn forward(&self, tokens: &Tensor) -> Result<Tensor> {
        let (_, length) = tokens.dims2()?;
        let positions = Tensor::arange(0, u32::try_from(length)?, tokens.device())?;
        let words = self.transformer.wte.forward(tokens)?;
        let mut x = words.broadcast_add(&self.transformer.wpe.forward(&positions)?)?;
        let mask = causal_mask(length, tokens.device())?;
        for block in &self.transformer.h {
            x = block.forward(&x, &mask)?;
        }
        self.lm_head.forward(&self.transformer.ln_f.forward(&x)?)
    }

    /// `tokens` and the `more` that are likeliest to follow.
    pub(crate) fn continued(&self, tokens: &[u32], more: usize) -> Result<Vec<u32>> {
        let mut tokens = tokens.to_vec();
        for _ in 0..more {
            let input = Tensor::new(tokens.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
            let logits = self.forward(&input)?.squeeze(0)?;
            let last = logits.get(tokens.len() - 1)?;
            tokens.push(last.argmax(D::Minus1)?.to_scalar::<u32>()?);
        }
        Ok(tokens)
    }
}

impl Block {
    fn new(width: usize, heads: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let (attn, mlp) = (vb.pp("attn"), vb.pp("mlp"));
        Ok(Block {
            ln_1: layer_norm(width, 1e-5, vb.pp("ln_1"))?,
            attn: Attention {
                c_attn: Conv1D::new(width, 3 * width, &attn.pp("c_attn"))?,
                c_proj: Conv1D::new(width, width, &attn.pp("c_proj"))?,
                heads,
            },
            ln_2: layer_norm(width, 1e-5, vb.pp("ln_2"))?,
            mlp: Mlp {
                c_fc: Conv1D::new(width, 4 * width, &mlp.pp("c_fc"))?,
                c_proj: Conv1D::new(4 * width, width, &mlp.pp("c_proj"))?,
            },
        })
    }

    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let x = (x + self.attn.forward(&self.ln_1.forward(x)?, mask)?)?;
        // candle's `gelu` is the one by tanh, which GPT-2 has.
        let inner = self.mlp.c_fc.forward(&self.ln_2.forward(&x)?)?.gelu()?;
        &x + self.mlp.c_proj.forward(&inner)?
    }
}

impl Attention {
    fn forward(&self, x: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (batch, length, width) = x.dims3()?;
        let size = width / self.heads;
        let qkv = self.c_attn.forward(x)?;
        let part = |index| {
            let part = qkv.narrow(D::Minus1, index * width, width)?;
            part.reshape((batch, length, self.heads, size))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scale = f64::from(u32::try_from(size)?).sqrt();
        let scores = (query.matmul(&key.t()?.contiguous()?)? / scale)?.broadcast_add(mask)?;
        let mixed = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        self.c_proj.forward(&mixed.transpose(1, 2)?.reshape((batch, length, width))?)
    }
}

impl Conv1D {
    fn new(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Conv1D { weight: vb.get((inputs, outputs), "weight")?, bias: vb.get(outputs, "bias")? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.broadcast_matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

/// Minus infinity where a token would look at a later one.
fn causal_mask(length: usize, device: &Device) -> Result<Tensor> {
    let mask: Vec<f32> = (0..length)
        .flat_map(|row| {
            (0..length).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 })
        })
        .collect();
    Tensor::from_vec(mask, (length, length), device)?.to_dtype(DType::F32)
}
