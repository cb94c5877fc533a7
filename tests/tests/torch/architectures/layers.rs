//! The layers that the architectures are made of.

use statedict::DType;
use statedict::prelude::*;

pub(crate) fn zeros<const N: usize>(shape: [usize; N]) -> CpuTensor {
    CpuTensor::zeros(DType::F32, shape)
}

/// A module without a state: an activation, a dropout, a pooling.
#[derive(StateDict)]
pub(crate) struct Quiet;

/// Linear, convolution: a weight and perhaps a bias.
#[derive(StateDict)]
pub(crate) struct Affine {
    #[param]
    pub(crate) weight: CpuTensor,
    #[param]
    pub(crate) bias: Option<CpuTensor>,
}

pub(crate) fn linear(inputs: usize, outputs: usize) -> Affine {
    Affine { weight: zeros([outputs, inputs]), bias: Some(zeros([outputs])) }
}

pub(crate) fn conv(inputs: usize, outputs: usize, kernel: usize) -> Affine {
    let weight = zeros([outputs, inputs, kernel, kernel]);
    Affine { weight, bias: Some(zeros([outputs])) }
}

pub(crate) fn layer_norm(width: usize) -> Affine {
    Affine { weight: zeros([width]), bias: Some(zeros([width])) }
}

pub(crate) fn without_bias(module: Affine) -> Affine {
    Affine { bias: None, ..module }
}

/// `_NormBase`: batch and instance normalization.
#[derive(StateDict)]
#[version(2)]
pub(crate) struct Norm {
    #[flatten]
    pub(crate) affine: Option<Affine>,
    #[buffer]
    pub(crate) running_mean: Option<CpuTensor>,
    #[buffer]
    pub(crate) running_var: Option<CpuTensor>,
    #[buffer]
    #[since(2)]
    pub(crate) num_batches_tracked: Option<i64>,
    #[training]
    pub(crate) training: bool,
}

pub(crate) fn norm(width: usize, affine: bool, tracked: bool) -> Norm {
    Norm {
        affine: affine.then(|| layer_norm(width)),
        running_mean: tracked.then(|| zeros([width])),
        running_var: tracked.then(|| zeros([width])),
        num_batches_tracked: tracked.then_some(0),
        training: true,
    }
}

pub(crate) fn batch_norm(width: usize) -> Norm {
    norm(width, true, true)
}
