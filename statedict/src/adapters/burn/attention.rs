//! burn's multi-head attention as PyTorch's.

use burn::nn::Linear;
use burn::nn::attention::MultiHeadAttention;

use super::linear::{weight, weight_mut};
use super::stacked::Stacked;
use crate::schema::SchemaBuilder;
use crate::traits::{StateDict, Tensor, TensorMut};
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

const INFO: ModuleInfo =
    ModuleInfo::new("MultiheadAttention").with_rust_type("burn::nn::attention::MultiHeadAttention");

/// As `torch.nn.MultiheadAttention` with `batch_first=True`: `in_proj_weight` and `in_proj_bias`,
/// which are the projections of query, key and value upon each other, and `out_proj`.
///
/// PyTorch has either all biases or none. Of a layer where only some of the three projections have
/// one, `in_proj_bias` has another shape than PyTorch's.
impl StateDict for MultiHeadAttention {
    fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
        visitor.module(INFO);
        // The stacks exist only while they are visited.
        visitor.locked(&mut |visitor| {
            let projections = [&self.query, &self.key, &self.value];
            let weights = projections.map(|linear| weight(&linear.weight));
            visitor.parameter("in_proj_weight", &Stacked(weights.into()));
            let biases = projections.into_iter().filter_map(|linear| linear.bias.as_ref());
            let biases: Vec<&dyn Tensor> = biases.map(|bias| bias as &dyn Tensor).collect();
            if !biases.is_empty() {
                visitor.parameter("in_proj_bias", &Stacked(biases));
            }
        });
        visitor.child("out_proj", &self.output);
    }

    fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
        visitor.module(INFO);
        let (query, key, value) = (&mut self.query, &mut self.key, &mut self.value);
        visitor.locked(&mut |visitor| {
            let projections = [&mut *query, &mut *key, &mut *value];
            let weights = projections.map(|linear| weight_mut(&mut linear.weight));
            visitor.parameter("in_proj_weight", &mut Stacked(weights.into()));
            let projections = [&mut *query, &mut *key, &mut *value];
            let biases = projections.into_iter().filter_map(|linear| linear.bias.as_mut());
            let biases: Vec<&mut dyn TensorMut> =
                biases.map(|bias| bias as &mut dyn TensorMut).collect();
            if !biases.is_empty() {
                visitor.parameter("in_proj_bias", &mut Stacked(biases));
            }
        });
        visitor.child("out_proj", &mut self.output);
    }

    fn describe(schema: &mut SchemaBuilder) {
        schema.module(INFO);
        schema.parameter("in_proj_weight", false);
        schema.parameter("in_proj_bias", true);
        schema.child("out_proj", Linear::describe);
    }
}
