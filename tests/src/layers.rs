//! PyTorch's layers, as far as they have state, for the models of the tests.

use statedict::DType;
use statedict::prelude::*;

/// `nn.Linear`.
#[derive(Debug, StateDict)]
pub struct Linear {
    /// Outputs × inputs.
    #[param]
    pub weight: CpuTensor,
    /// Absent with `bias=False`.
    #[param]
    pub bias: Option<CpuTensor>,
}

impl Linear {
    /// All zeros.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Linear { weight: zeros([outputs, inputs]), bias: Some(zeros([outputs])) }
    }

    /// All zeros, with `bias=False`.
    pub fn without_bias(inputs: usize, outputs: usize) -> Self {
        Linear { bias: None, ..Linear::new(inputs, outputs) }
    }
}

/// `nn.Conv2d` with a square kernel.
#[derive(Debug, StateDict)]
pub struct Conv2d {
    /// Outputs × inputs × kernel × kernel.
    #[param]
    pub weight: CpuTensor,
    /// Absent with `bias=False`.
    #[param]
    pub bias: Option<CpuTensor>,
}

impl Conv2d {
    /// All zeros.
    pub fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        let weight = zeros([outputs, inputs, kernel, kernel]);
        Conv2d { weight, bias: Some(zeros([outputs])) }
    }
}

/// `nn.BatchNorm2d`. Before version 2 it did not count its batches.
#[derive(Debug, StateDict)]
#[version(2)]
pub struct BatchNorm2d {
    /// One for each channel, as all below.
    #[param]
    pub weight: CpuTensor,
    /// The shift.
    #[param]
    pub bias: CpuTensor,
    /// The mean of the batches seen.
    #[buffer]
    pub running_mean: CpuTensor,
    /// Their variance.
    #[buffer]
    pub running_var: CpuTensor,
    /// Their number.
    #[buffer]
    #[since(2)]
    pub num_batches_tracked: i64,
}

impl BatchNorm2d {
    /// All zeros.
    pub fn new(channels: usize) -> Self {
        BatchNorm2d {
            weight: zeros([channels]),
            bias: zeros([channels]),
            running_mean: zeros([channels]),
            running_var: zeros([channels]),
            num_batches_tracked: 0,
        }
    }
}

/// `nn.ReLU`: no state, but a module with a version like any other.
#[derive(Debug, StateDict)]
pub struct ReLU;

/// `nn.Sigmoid`.
#[derive(Debug, StateDict)]
pub struct Sigmoid;

/// `nn.MaxPool2d`.
#[derive(Debug, StateDict)]
pub struct MaxPool2d;

/// A float32 tensor of zeros.
pub fn zeros<const N: usize>(shape: [usize; N]) -> CpuTensor {
    CpuTensor::zeros(DType::F32, shape)
}
