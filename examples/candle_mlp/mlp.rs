//! A perceptron for images of 28 by 28 pixels, and pictures to train it with.

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{Linear, Optimizer, SGD, VarBuilder, VarMap, linear, loss, ops};
use statedict::StateDict;

/// ```python
/// class Mlp(nn.Module):
///     def __init__(self):
///         super().__init__()
///         self.fc1 = nn.Linear(784, 128)
///         self.fc2 = nn.Linear(128, 10)
/// ```
#[derive(StateDict)]
pub(crate) struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    pub(crate) fn new(vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Mlp { fc1: linear(784, 128, vb.pp("fc1"))?, fc2: linear(128, 10, vb.pp("fc2"))? })
    }

    /// The logits of images of shape `[batch, 784]`.
    pub(crate) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&self.fc1.forward(images)?.relu()?)
    }
}

/// Pictures of ten kinds with their labels: each kind has a picture of its own, under noise.
pub(crate) fn pictures(count: usize, seed: u64) -> Result<(Tensor, Tensor)> {
    let mut kinds = Random(7);
    let kinds: Vec<Vec<f32>> = (0..10).map(|_| (0..784).map(|_| kinds.next()).collect()).collect();
    let mut noise = Random(seed);
    let (mut pixels, mut labels) = (Vec::with_capacity(count * 784), Vec::with_capacity(count));
    for (label, kind) in (0u32..).zip(&kinds).cycle().take(count) {
        pixels.extend(kind.iter().map(|pixel| 0.5 * pixel + 0.5 * noise.next()));
        labels.push(label);
    }
    Ok((Tensor::from_vec(pixels, (count, 784), &Device::Cpu)?, Tensor::new(labels, &Device::Cpu)?))
}

/// Trains a new model, and tells each epoch's loss; the variables are the model's own tensors.
pub(crate) fn train(epochs: usize, mut tell: impl FnMut(usize, f32)) -> Result<Mlp> {
    let variables = VarMap::new();
    let model = Mlp::new(&VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let mut optimizer = SGD::new(variables.all_vars(), 0.1)?;
    let (images, labels) = pictures(640, 1)?;
    for epoch in 1..=epochs {
        let mut sum = 0.0;
        for start in (0..640).step_by(64) {
            let logits = model.forward(&images.narrow(0, start, 64)?)?;
            let loss = loss::cross_entropy(&logits, &labels.narrow(0, start, 64)?)?;
            optimizer.backward_step(&loss)?;
            sum += loss.to_scalar::<f32>()?;
        }
        tell(epoch, sum / 10.0);
    }
    Ok(model)
}

/// The share of pictures that the model knows.
pub(crate) fn accuracy(model: &Mlp, images: &Tensor, labels: &Tensor) -> Result<f32> {
    let found = ops::softmax(&model.forward(images)?, 1)?.argmax(1)?;
    found.eq(labels)?.to_dtype(DType::F32)?.mean_all()?.to_scalar::<f32>()
}

/// Marsaglia's xorshift: the same pictures everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [high, low, ..] = self.0.to_be_bytes();
        f32::from(u16::from_be_bytes([high, low])) / 65536.0
    }
}
