//! The newest of the three generations in `tests/torch/generations.py`.

use statedict::prelude::*;
use statedict::{DType, MigrateError, Migration};

/// The width of a block.
pub const WIDTH: usize = 4;

/// `nn.LayerNorm`.
#[derive(StateDict)]
pub struct LayerNorm {
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

/// `BlockV3`.
#[derive(StateDict)]
#[version(3)]
#[removed(since = 2, "scale")]
#[migrate(to = 3, with = Self::to_v3)]
pub struct Block {
    #[param]
    q: CpuTensor,
    #[param]
    k: CpuTensor,
    #[param]
    v: CpuTensor,
    #[param]
    #[renamed(since = 2, from = "old_gate")]
    gate: CpuTensor,
    #[param]
    #[since(3)]
    bias: CpuTensor,
    #[renamed(since = 2, from = "ln")]
    norm: LayerNorm,
}

/// `EncoderV3`.
#[derive(StateDict)]
#[version(2)]
pub struct Encoder {
    #[renamed(since = 2, from = "first")]
    stem: Block,
    blocks: Vec<Block>,
}

impl Block {
    /// Until version 2 the projections were packed, and the gate was transposed.
    ///
    /// # Errors
    /// Where the file lacks what the step needs.
    pub fn to_v3(migration: &mut Migration<'_>) -> Result<(), MigrateError> {
        migration.split("in_proj_weight", 0, &[("q", WIDTH), ("k", WIDTH), ("v", WIDTH)])?;
        migration.change("gate", |gate| gate.transpose(0, 1))
    }

    fn zeros() -> Self {
        let zeros = |shape: &[usize]| CpuTensor::zeros(DType::F32, shape);
        let square = || zeros(&[WIDTH, WIDTH]);
        Block {
            q: square(),
            k: square(),
            v: square(),
            gate: zeros(&[WIDTH, 2]),
            bias: zeros(&[WIDTH]),
            norm: LayerNorm { weight: zeros(&[WIDTH]), bias: zeros(&[WIDTH]) },
        }
    }
}

impl Encoder {
    /// A model of zeros.
    pub fn zeros() -> Self {
        Encoder { stem: Block::zeros(), blocks: vec![Block::zeros(), Block::zeros()] }
    }
}
