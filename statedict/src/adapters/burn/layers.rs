//! burn's layers whose tensors are PyTorch's, some under other names: `gamma` and `alpha` are called `weight`,
//! `beta` `bias`.

use burn::nn::activation::PRelu;
use burn::nn::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
use burn::nn::{Embedding, GroupNorm, InstanceNorm, LayerNorm, RmsNorm};

use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// Layers: of each its type, PyTorch's class and version, and its fields in PyTorch's order.
macro_rules! layers {
    ($($(#[$doc:meta])* $layer:ident $rust:literal, $torch:literal version $version:literal:
        $($name:literal $need:ident $field:ident),+;)*) => {$(
        $(#[$doc])*
        impl StateDict for $layer {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                let contents = &mut [$(Content::leaf(&self.$field)),+];
                visitor.module(Self::describe().table(), contents);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                let contents = &mut [$(Content::leaf_mut(&mut self.$field)),+];
                visitor.module(Self::describe().table(), contents);
            }

            fn describe() -> Description {
                const INFO: ModuleInfo =
                    ModuleInfo::new($torch).with_rust_type($rust).with_version($version);
                Description::Module(const {
                    &FieldTable { info: INFO, fields: &[$(field!($need $name)),+] }
                })
            }
        }
    )*};
}

/// A parameter that every value of a layer has, or not every one.
macro_rules! field {
    (always $name:literal) => {
        Field::parameter($name)
    };
    (perhaps $name:literal) => {
        Field::parameter($name).optional()
    };
}

layers! {
    /// As `torch.nn.Conv1d`: `weight` and `bias`.
    Conv1d "burn::nn::conv::Conv1d", "Conv1d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.Conv2d`: `weight` and `bias`.
    Conv2d "burn::nn::conv::Conv2d", "Conv2d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.Conv3d`: `weight` and `bias`.
    Conv3d "burn::nn::conv::Conv3d", "Conv3d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.ConvTranspose1d`: `weight` and `bias`.
    ConvTranspose1d "burn::nn::conv::ConvTranspose1d", "ConvTranspose1d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.ConvTranspose2d`: `weight` and `bias`.
    ConvTranspose2d "burn::nn::conv::ConvTranspose2d", "ConvTranspose2d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.ConvTranspose3d`: `weight` and `bias`.
    ConvTranspose3d "burn::nn::conv::ConvTranspose3d", "ConvTranspose3d" version 1:
        "weight" always weight, "bias" perhaps bias;
    /// As `torch.nn.Embedding`: `weight` of shape `[num_embeddings, embedding_dim]`.
    Embedding "burn::nn::Embedding", "Embedding" version 1: "weight" always weight;
    /// As `torch.nn.LayerNorm` over one dimension: `weight`, and `bias` where the layer has one.
    LayerNorm "burn::nn::LayerNorm", "LayerNorm" version 1:
        "weight" always gamma, "bias" perhaps beta;
    /// As `torch.nn.GroupNorm`: `weight` and `bias` where the layer is affine.
    GroupNorm "burn::nn::GroupNorm", "GroupNorm" version 1:
        "weight" perhaps gamma, "bias" perhaps beta;
    /// As `torch.nn.InstanceNorm1d` and its like, without running statistics, which is their default: `weight` and
    /// `bias` where the layer is affine. PyTorch derives it from its batch norm, and gives it that one's version.
    InstanceNorm "burn::nn::InstanceNorm", "InstanceNorm" version 2:
        "weight" perhaps gamma, "bias" perhaps beta;
    /// As `torch.nn.RMSNorm` over one dimension: `weight`.
    RmsNorm "burn::nn::RmsNorm", "RMSNorm" version 1: "weight" always gamma;
    /// As `torch.nn.PReLU`: `weight`, which burn calls `alpha`.
    PRelu "burn::nn::PRelu", "PReLU" version 1: "weight" always alpha;
}
