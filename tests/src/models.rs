//! The models of `tests/torch/models.py`, annotated. Fresh ones are all zeros.

use statedict::prelude::*;

use crate::layers::{BatchNorm2d, Conv2d, Linear, MaxPool2d, ReLU, Sigmoid, zeros};

/// The convolutional net of PyTorch's tutorial on saving and loading models.
#[derive(Debug, StateDict)]
pub struct TheModelClass {
    conv1: Conv2d,
    pool: MaxPool2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

impl TheModelClass {
    /// As in the tutorial.
    pub fn full() -> Self {
        TheModelClass::new([6, 16], [120, 84])
    }

    /// `TheModelClassSmall`.
    pub fn small() -> Self {
        TheModelClass::new([3, 8], [60, 42])
    }

    fn new(channels: [usize; 2], hidden: [usize; 2]) -> Self {
        TheModelClass {
            conv1: Conv2d::new(3, channels[0], 5),
            pool: MaxPool2d,
            conv2: Conv2d::new(channels[0], channels[1], 5),
            fc1: Linear::new(channels[1] * 5 * 5, hidden[0]),
            fc2: Linear::new(hidden[0], hidden[1]),
            fc3: Linear::new(hidden[1], 10),
        }
    }
}

/// A convolution, its batch normalisation, and a linear layer.
#[derive(Debug, StateDict)]
pub struct ConvBatchNorm {
    conv: Conv2d,
    bn: BatchNorm2d,
    fc: Linear,
}

impl ConvBatchNorm {
    /// A fresh one.
    pub fn zeros() -> Self {
        ConvBatchNorm { conv: Conv2d::new(1, 4, 3), bn: BatchNorm2d::new(4), fc: Linear::new(4, 3) }
    }
}

/// Two `nn.Sequential`s, one with another inside.
#[derive(Debug, StateDict)]
pub struct AutoEncoder {
    encoder: Encoder,
    decoder: Decoder,
}

#[derive(Debug, StateDict)]
struct Encoder(Linear, ReLU, Linear);

#[derive(Debug, StateDict)]
struct Decoder(Linear, ReLU, Last);

#[derive(Debug, StateDict)]
struct Last(Linear, Sigmoid);

impl AutoEncoder {
    /// A fresh one.
    pub fn zeros() -> Self {
        AutoEncoder {
            encoder: Encoder(Linear::new(12, 8), ReLU, Linear::new(8, 3)),
            decoder: Decoder(Linear::new(3, 8), ReLU, Last(Linear::new(8, 12), Sigmoid)),
        }
    }
}

/// Everything that is state, and everything that only looks like it; `f3` is `fc`.
#[derive(Debug, StateDict)]
#[alias(f3 = fc)]
pub struct MyModule {
    #[param]
    my_param: CpuTensor,
    #[buffer]
    my_buffer: CpuTensor,
    fc: Linear,
    conv: Conv2d,
    fc2: Linear,
    #[skip]
    /// In Python a plain attribute.
    pub not_state: CpuTensor,
    #[persistent(false)]
    scratch: CpuTensor,
}

impl MyModule {
    /// A fresh one.
    pub fn zeros() -> Self {
        MyModule {
            my_param: zeros([2, 3]),
            my_buffer: zeros([3]),
            fc: Linear::without_bias(4, 3),
            conv: Conv2d::new(3, 2, 3),
            fc2: Linear::without_bias(3, 2),
            not_state: zeros([3]),
            scratch: zeros([2]),
        }
    }
}

/// The next version of [`MyModule`]: two new layers.
#[derive(Debug, StateDict)]
#[version(2)]
#[alias(f3 = fc)]
pub struct MyModuleV2 {
    #[param]
    my_param: CpuTensor,
    #[buffer]
    my_buffer: CpuTensor,
    fc: Linear,
    conv: Conv2d,
    fc2: Linear,
    #[since(2)]
    bn: BatchNorm2d,
    #[since(2)]
    head: Linear,
    #[skip]
    /// In Python a plain attribute.
    pub not_state: CpuTensor,
    #[persistent(false)]
    scratch: CpuTensor,
}

impl MyModuleV2 {
    /// A fresh one.
    pub fn zeros() -> Self {
        MyModuleV2 {
            my_param: zeros([2, 3]),
            my_buffer: zeros([3]),
            fc: Linear::without_bias(4, 3),
            conv: Conv2d::new(3, 2, 3),
            fc2: Linear::without_bias(3, 2),
            bn: BatchNorm2d::new(2),
            head: Linear::new(2, 2),
            not_state: zeros([3]),
            scratch: zeros([2]),
        }
    }
}
