//! burn's linear layers as PyTorch's.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor as BurnTensor;
use bytemuck::TransparentWrapper;

use super::Transposed;
use crate::leaf::{Tensor, TensorMut};
use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

const LINEAR: &FieldTable = &FieldTable {
    info: ModuleInfo::new("Linear").with_rust_type("burn::nn::Linear"),
    fields: &[Field::parameter("weight"), Field::parameter("bias").optional()],
};

/// As `torch.nn.Linear`: `weight` of shape `[out, in]`, whichever [`LinearLayout`](burn::nn::LinearLayout)
/// the layer has, and `bias`.
impl StateDict for Linear {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        let weight = Content::tensor(weight(&self.weight));
        visitor.module(LINEAR, &mut [weight, Content::leaf(&self.bias)]);
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        let weight = Content::tensor_mut(weight_mut(&mut self.weight));
        visitor.module(LINEAR, &mut [weight, Content::leaf_mut(&mut self.bias)]);
    }

    fn describe() -> Description {
        Description::Module(LINEAR)
    }
}

/// A linear layer's weight as PyTorch has it: `[out, in]`.
pub(super) fn weight(weight: &Param<BurnTensor<2>>) -> &dyn Tensor {
    if is_stored_transposed(weight) { weight } else { Transposed::wrap_ref(weight) }
}

/// The same for writing.
pub(super) fn weight_mut(weight: &mut Param<BurnTensor<2>>) -> &mut dyn TensorMut {
    if is_stored_transposed(weight) { weight } else { Transposed::wrap_mut(weight) }
}

/// Returns `true` if burn stores the weight as `[out, in]` already, as with `LinearLayout::Col`: then
/// it transposes what it loads, which a small matrix tells.
fn is_stored_transposed(weight: &Param<BurnTensor<2>>) -> bool {
    let probe = BurnTensor::<2>::zeros([1, 2], &weight.lazy_device());
    weight.clone().transform_for_load(probe, weight.id).dims() == [2, 1]
}
