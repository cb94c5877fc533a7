//! Optimizers in Rust, on plain memory, whose structs are named as PyTorch names their state.

use statedict::prelude::*;

/// Two parameters, of which each test knows the gradient: `p - 0.25`.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct Pair {
    /// Of shape `[2, 3]`.
    #[param]
    pub a: CpuTensor,
    /// Of shape `[4]`.
    #[param]
    pub b: CpuTensor,
}

impl Pair {
    /// Numbers from -1 to 1, and from 0 to 2.
    pub fn new() -> Self {
        let a = vec![-1.0f32, -0.6, -0.2, 0.2, 0.6, 1.0];
        let b = vec![0.0f32, 2.0 / 3.0, 4.0 / 3.0, 2.0];
        Pair { a: CpuTensor::from_vec(a, [2, 3]).unwrap(), b: CpuTensor::from_vec(b, [4]).unwrap() }
    }

    fn params(&mut self) -> [&mut CpuTensor; 2] {
        [&mut self.a, &mut self.b]
    }

    /// The elements of both.
    pub fn elements(&self) -> [Vec<f32>; 2] {
        [&self.a, &self.b].map(|tensor| tensor.as_slice::<f32>().unwrap().to_vec())
    }
}

impl Default for Pair {
    fn default() -> Self {
        Pair::new()
    }
}

fn zeros_like(tensor: &CpuTensor) -> CpuTensor {
    CpuTensor::zeros(tensor.dtype(), tensor.shape().clone())
}

fn floats(tensor: &mut CpuTensor) -> &mut [f32] {
    tensor.as_mut_slice().expect("float32")
}

/// `torch.optim.Adam`, without decay of the weights.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct Adam {
    /// One for each parameter.
    pub state: Vec<AdamState>,
    /// The options.
    pub param_groups: Vec<AdamGroup>,
}

/// What Adam keeps of a parameter.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct AdamState {
    /// How many steps were made.
    #[buffer]
    pub step: i64,
    /// The first moment.
    #[buffer]
    pub exp_avg: CpuTensor,
    /// The second.
    #[buffer]
    pub exp_avg_sq: CpuTensor,
    /// The largest second moment, with `amsgrad`.
    #[buffer]
    pub max_exp_avg_sq: Option<CpuTensor>,
}

/// Adam's options.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct AdamGroup {
    /// The learning rate.
    #[buffer]
    pub lr: f64,
    /// The decay of the moments.
    #[buffer]
    pub betas: [f64; 2],
    /// Keeps from dividing by zero.
    #[buffer]
    pub eps: f64,
    /// Whether the largest second moment counts.
    #[buffer]
    pub amsgrad: bool,
}

impl Adam {
    /// Before its first step.
    pub fn new(pair: &Pair, amsgrad: bool) -> Self {
        let state = [&pair.a, &pair.b].map(|parameter| AdamState {
            step: 0,
            exp_avg: zeros_like(parameter),
            exp_avg_sq: zeros_like(parameter),
            max_exp_avg_sq: amsgrad.then(|| zeros_like(parameter)),
        });
        let group = AdamGroup { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, amsgrad };
        Adam { state: state.into(), param_groups: vec![group] }
    }

    /// One step.
    #[allow(clippy::cast_possible_truncation)]
    pub fn step(&mut self, pair: &mut Pair) {
        let AdamGroup { lr, betas: [beta1, beta2], eps, .. } = self.param_groups[0];
        for (parameter, state) in pair.params().into_iter().zip(&mut self.state) {
            state.step += 1;
            let correction = |beta: f64| 1.0 - beta.powi(i32::try_from(state.step).unwrap());
            let (size, root) = (lr / correction(beta1), correction(beta2).sqrt());
            let first = floats(&mut state.exp_avg);
            let second = floats(&mut state.exp_avg_sq);
            let mut largest = state.max_exp_avg_sq.as_mut().map(floats);
            for (i, p) in floats(parameter).iter_mut().enumerate() {
                let grad = *p - 0.25;
                first[i] += (grad - first[i]) * (1.0 - beta1) as f32;
                second[i] = second[i] * beta2 as f32 + grad * grad * (1.0 - beta2) as f32;
                let scale = match &mut largest {
                    Some(largest) => {
                        largest[i] = largest[i].max(second[i]);
                        largest[i]
                    }
                    None => second[i],
                };
                *p -= size as f32 * first[i] / (scale.sqrt() / root as f32 + eps as f32);
            }
        }
    }
}

/// `torch.optim.SGD` with Nesterov's momentum.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct Sgd {
    /// One for each parameter.
    pub state: Vec<SgdState>,
    /// The options.
    pub param_groups: Vec<SgdGroup>,
}

/// What SGD keeps of a parameter.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct SgdState {
    /// The momentum.
    #[buffer]
    pub momentum_buffer: CpuTensor,
}

/// SGD's options.
#[derive(Debug, Clone, PartialEq, StateDict)]
pub struct SgdGroup {
    /// The learning rate, in less precision than PyTorch's.
    #[buffer]
    pub lr: f32,
    /// How much of the momentum stays.
    #[buffer]
    pub momentum: f64,
    /// Whether a step looks ahead.
    #[buffer]
    pub nesterov: bool,
}

impl Sgd {
    /// Before its first step.
    pub fn new(pair: &Pair) -> Self {
        let state =
            [&pair.a, &pair.b].map(|parameter| SgdState { momentum_buffer: zeros_like(parameter) });
        let group = SgdGroup { lr: 0.0, momentum: 0.0, nesterov: false };
        Sgd { state: state.into(), param_groups: vec![group] }
    }

    /// One step.
    #[allow(clippy::cast_possible_truncation)]
    pub fn step(&mut self, pair: &mut Pair) {
        let SgdGroup { lr, momentum, nesterov } = self.param_groups[0];
        let momentum = momentum as f32;
        for (parameter, state) in pair.params().into_iter().zip(&mut self.state) {
            let buffer = floats(&mut state.momentum_buffer);
            for (p, buffer) in floats(parameter).iter_mut().zip(buffer) {
                let grad = *p - 0.25;
                *buffer = *buffer * momentum + grad;
                *p -= lr * if nesterov { grad + momentum * *buffer } else { *buffer };
            }
        }
    }
}
