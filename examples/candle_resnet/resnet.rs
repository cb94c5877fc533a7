//! ResNet-18 of candle-nn's layers, with the names that torchvision gives them.

use candle_core::{D, Module, ModuleT, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, VarBuilder, conv2d_no_bias, linear};
use statedict::StateDict;
use statedict::candle::{BatchNorm, batch_norm};

/// `torchvision.models.resnet18`.
#[derive(StateDict)]
pub(crate) struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    layer1: Vec<BasicBlock>,
    layer2: Vec<BasicBlock>,
    layer3: Vec<BasicBlock>,
    layer4: Vec<BasicBlock>,
    fc: Linear,
}

/// Two convolutions beside a way around them.
#[derive(StateDict)]
struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl ResNet {
    /// A model `width` channels wide where torchvision's has 64. What `vb` fills it with is
    /// overwritten by a load, so `VarBuilder::zeros` will do.
    pub(crate) fn new(width: usize, classes: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let layer = |name: &str, inputs, width, stride| -> Result<Vec<BasicBlock>> {
            let vb = vb.pp(name);
            Ok(vec![
                BasicBlock::new(inputs, width, stride, &vb.pp(0))?,
                BasicBlock::new(width, width, 1, &vb.pp(1))?,
            ])
        };
        Ok(ResNet {
            conv1: conv(3, width, 7, 2, vb.pp("conv1"))?,
            bn1: batch_norm(width, 1e-5, vb.pp("bn1"))?,
            layer1: layer("layer1", width, width, 1)?,
            layer2: layer("layer2", width, 2 * width, 2)?,
            layer3: layer("layer3", 2 * width, 4 * width, 2)?,
            layer4: layer("layer4", 4 * width, 8 * width, 2)?,
            fc: linear(8 * width, classes, vb.pp("fc"))?,
        })
    }

    /// The logits of images of shape `[batch, 3, height, width]`, by the running statistics.
    pub(crate) fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let mut x = self.bn1.forward_t(&self.conv1.forward(images)?, false)?.relu()?;
        // Padding with zeros is right for a maximum here: nothing is negative after `relu`.
        x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?.max_pool2d_with_stride(3, 2)?;
        for layer in [&self.layer1, &self.layer2, &self.layer3, &self.layer4] {
            for block in layer {
                x = block.forward(&x)?;
            }
        }
        self.fc.forward(&x.mean(D::Minus1)?.mean(D::Minus1)?)
    }
}

impl BasicBlock {
    fn new(inputs: usize, width: usize, stride: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        let downsample = if stride == 1 && inputs == width {
            None
        } else {
            let vb = vb.pp("downsample");
            let conv = conv(inputs, width, 1, stride, vb.pp(0))?;
            Some((conv, batch_norm(width, 1e-5, vb.pp(1))?))
        };
        Ok(BasicBlock {
            conv1: conv(inputs, width, 3, stride, vb.pp("conv1"))?,
            bn1: batch_norm(width, 1e-5, vb.pp("bn1"))?,
            conv2: conv(width, width, 3, 1, vb.pp("conv2"))?,
            bn2: batch_norm(width, 1e-5, vb.pp("bn2"))?,
            downsample,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.bn1.forward_t(&self.conv1.forward(x)?, false)?.relu()?;
        let y = self.bn2.forward_t(&self.conv2.forward(&y)?, false)?;
        match &self.downsample {
            Some((conv, norm)) => y + norm.forward_t(&conv.forward(x)?, false)?,
            None => y + x,
        }?
        .relu()
    }
}

/// A convolution without bias that keeps the size but for its stride.
fn conv(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    vb: VarBuilder<'_>,
) -> Result<Conv2d> {
    let config = Conv2dConfig { padding: kernel / 2, stride, ..Conv2dConfig::default() };
    conv2d_no_bias(inputs, outputs, kernel, config, vb)
}
