//! Group normalization: candle-nn's lends its tensors to nobody, so this keeps a handle of each.

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use crate::adapters::candle::layers::{in_place, lent};
use crate::visit::{ByMut, ByRef, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor};

/// `nn.GroupNorm`: [`candle_nn::GroupNorm`], with handles of its `weight` and `bias`.
///
/// ```
/// use candle_core::{DType, Device, Module, Tensor};
/// use statedict::candle::GroupNorm;
/// use statedict::StateDictExt;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ones = Tensor::ones(4, DType::F32, &Device::Cpu)?;
/// let norm = GroupNorm::new(ones.clone(), ones.zeros_like()?, 4, 2, 1e-5)?;
/// norm.forward(&Tensor::zeros((1, 4, 3), DType::F32, &Device::Cpu)?)?;
/// assert_eq!(norm.state_dict()?.keys().collect::<Vec<_>>(), ["weight", "bias"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct GroupNorm {
    layer: candle_nn::GroupNorm,
    weight: Tensor,
    bias: Tensor,
}

impl GroupNorm {
    /// As [`candle_nn::GroupNorm::new`].
    ///
    /// # Errors
    /// Where `num_groups` does not divide `num_channels`.
    pub fn new(
        weight: Tensor,
        bias: Tensor,
        num_channels: usize,
        num_groups: usize,
        eps: f64,
    ) -> Result<Self> {
        let (own_weight, own_bias) = (weight.clone(), bias.clone());
        let layer = candle_nn::GroupNorm::new(own_weight, own_bias, num_channels, num_groups, eps)?;
        Ok(GroupNorm { layer, weight, bias })
    }

    /// The scale of each channel.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The offset of each channel.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }

    const TABLE: &FieldTable = &FieldTable {
        info: ModuleInfo::new("GroupNorm").with_rust_type("statedict::candle::GroupNorm"),
        fields: &[Field::parameter("weight"), Field::parameter("bias")],
    };
}

impl Module for GroupNorm {
    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.layer.forward(xs)
    }
}

impl StateDict for GroupNorm {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.module(Self::TABLE, &mut [lent(Some(&self.weight)), lent(Some(&self.bias))]);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        self.visit_shared_mut(visitor);
    }

    fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        in_place(visitor, Self::TABLE, &[Some(&self.weight), Some(&self.bias)]);
    }

    fn describe() -> Description {
        Description::Module(Self::TABLE)
    }
}

/// A group normalization: as [`candle_nn::group_norm()`].
///
/// # Errors
/// Where `vb` cannot give the tensors, or `num_groups` does not divide `num_channels`.
pub fn group_norm(
    num_groups: usize,
    num_channels: usize,
    eps: f64,
    vb: VarBuilder<'_>,
) -> Result<GroupNorm> {
    let weight = vb.get_with_hints(num_channels, "weight", candle_nn::Init::Const(1.0))?;
    let bias = vb.get_with_hints(num_channels, "bias", candle_nn::Init::Const(0.0))?;
    GroupNorm::new(weight, bias, num_channels, num_groups, eps)
}
