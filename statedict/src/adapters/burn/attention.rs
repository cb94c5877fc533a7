//! burn's multi-head attention as PyTorch's.

use burn::nn::Linear;
use burn::nn::attention::MultiHeadAttention;

use super::linear::{weight, weight_mut};
use super::stacked::Stacked;
use crate::leaf::{Tensor, TensorMut};
use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

const TABLE: &FieldTable = &FieldTable {
    info: ModuleInfo::new("MultiheadAttention")
        .with_rust_type("burn::nn::attention::MultiHeadAttention"),
    fields: &[WEIGHT, BIAS, OUTPUT],
};
const WEIGHT: Field<'_> = Field::parameter("in_proj_weight");
const BIAS: Field<'_> = Field::parameter("in_proj_bias").optional();
const OUTPUT: Field<'_> = Field::child("out_proj", Linear::describe);

/// As `torch.nn.MultiheadAttention` with `batch_first=True`: `in_proj_weight` and `in_proj_bias`,
/// which are the projections of query, key and value upon each other, and `out_proj`.
///
/// PyTorch has either all biases or none. Of a layer where only some of the three projections have
/// one, `in_proj_bias` has another shape than PyTorch's.
impl StateDict for MultiHeadAttention {
    fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
        visitor.begin(&TABLE.info);
        // The stacks exist only while they are visited.
        visitor.temporary(&mut |visitor| {
            let projections = [&self.query, &self.key, &self.value];
            let weights = projections.map(|linear| weight(&linear.weight));
            visitor.field(&WEIGHT, Content::tensor(&Stacked(weights.into())));
            let biases = projections.into_iter().filter_map(|linear| linear.bias.as_ref());
            let biases: Vec<&dyn Tensor> = biases.map(|bias| bias as &dyn Tensor).collect();
            if !biases.is_empty() {
                visitor.field(&BIAS, Content::tensor(&Stacked(biases)));
            }
        });
        visitor.field(&OUTPUT, Content::child(&self.output));
    }

    fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
        visitor.begin(&TABLE.info);
        let (query, key, value) = (&mut self.query, &mut self.key, &mut self.value);
        visitor.temporary(&mut |visitor| {
            let projections = [&mut *query, &mut *key, &mut *value];
            let weights = projections.map(|linear| weight_mut(&mut linear.weight));
            visitor.field(&WEIGHT, Content::tensor_mut(&mut Stacked(weights.into())));
            let projections = [&mut *query, &mut *key, &mut *value];
            let biases = projections.into_iter().filter_map(|linear| linear.bias.as_mut());
            let biases: Vec<&mut dyn TensorMut> =
                biases.map(|bias| bias as &mut dyn TensorMut).collect();
            if !biases.is_empty() {
                visitor.field(&BIAS, Content::tensor_mut(&mut Stacked(biases)));
            }
        });
        visitor.field(&OUTPUT, Content::child_mut(&mut self.output));
    }

    fn describe() -> Description {
        Description::Module(TABLE)
    }
}
