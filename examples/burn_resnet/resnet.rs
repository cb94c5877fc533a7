//! ResNet-18 of burn's own layers, with the names of torchvision's.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d, Relu};
use burn::tensor::{Device, Tensor};
use statedict::StateDict;

/// `ResNet18` in Python.
#[derive(Module, StateDict, Debug)]
pub(crate) struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    relu: Relu,
    maxpool: MaxPool2d,
    layer1: Vec<BasicBlock>,
    layer2: Vec<BasicBlock>,
    layer3: Vec<BasicBlock>,
    layer4: Vec<BasicBlock>,
    avgpool: AdaptiveAvgPool2d,
    fc: Linear,
}

/// `BasicBlock` in Python.
#[derive(Module, StateDict, Debug)]
pub(crate) struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,
    relu: Relu,
    conv2: Conv2d,
    bn2: BatchNorm,
    /// `nn.Sequential(nn.Conv2d(..), nn.BatchNorm2d(..))`: those of a tuple are called `0` and `1`.
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl ResNet {
    /// Fresh, with `width` channels after the first layer; 64 in the original.
    pub(crate) fn new(width: usize, classes: usize, device: &Device) -> Self {
        let layer = |inputs, width, stride| {
            vec![
                BasicBlock::new(inputs, width, stride, device),
                BasicBlock::new(width, width, 1, device),
            ]
        };
        ResNet {
            conv1: convolution([3, width], 7, 2, device),
            bn1: BatchNormConfig::new(width).init(device),
            relu: Relu::new(),
            maxpool: MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).with_padding(pad(1)).init(),
            layer1: layer(width, width, 1),
            layer2: layer(width, 2 * width, 2),
            layer3: layer(2 * width, 4 * width, 2),
            layer4: layer(4 * width, 8 * width, 2),
            avgpool: AdaptiveAvgPool2dConfig::new([1, 1]).init(),
            fc: LinearConfig::new(8 * width, classes).init(device),
        }
    }

    /// The logits of images of shape `[batch, 3, height, width]`.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut x = self.relu.forward(self.bn1.forward(self.conv1.forward(images)));
        x = self.maxpool.forward(x);
        for block in [&self.layer1, &self.layer2, &self.layer3, &self.layer4].into_iter().flatten()
        {
            x = block.forward(x);
        }
        self.fc.forward(self.avgpool.forward(x).flatten(1, 3))
    }
}

impl BasicBlock {
    fn new(inputs: usize, width: usize, stride: usize, device: &Device) -> Self {
        let downsample = (stride != 1 || inputs != width).then(|| {
            let norm = BatchNormConfig::new(width).init(device);
            (convolution([inputs, width], 1, stride, device), norm)
        });
        BasicBlock {
            conv1: convolution([inputs, width], 3, stride, device),
            bn1: BatchNormConfig::new(width).init(device),
            relu: Relu::new(),
            conv2: convolution([width, width], 3, 1, device),
            bn2: BatchNormConfig::new(width).init(device),
            downsample,
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let identity = match &self.downsample {
            Some((conv, norm)) => norm.forward(conv.forward(input.clone())),
            None => input.clone(),
        };
        let x = self.relu.forward(self.bn1.forward(self.conv1.forward(input)));
        self.relu.forward(self.bn2.forward(self.conv2.forward(x)) + identity)
    }
}

/// A convolution without bias that keeps the size of the image but for its stride.
fn convolution(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(pad(kernel / 2))
        .with_bias(false)
        .init(device)
}

fn pad(size: usize) -> PaddingConfig2d {
    PaddingConfig2d::Explicit(size, size, size, size)
}
