//! candle-nn's layers as modules, with PyTorch's names.
//!
//! Their tensors are private, but not out of reach: a getter lends one, and its storage can be
//! written through that. A layer of an `Rc` with several handles can therefore be loaded too.

use candle_core::Tensor;

use crate::adapters::candle::in_place::InPlace;
use crate::schema::SchemaBuilder;
use crate::traits::StateDict;
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

/// A layer of parameters that are lent by getters, in PyTorch's order.
macro_rules! layer {
    ($layer:ident, $torch:literal, $($name:literal $need:ident $get:expr),+) => {
        #[doc = concat!("`nn.", $torch, "`. A load writes into the tensors that the layer has, also where it is")]
        /// to assign: their element types stay.
        impl StateDict for candle_nn::$layer {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module(info($torch, concat!("candle_nn::", stringify!($layer))));
                $(
                    let tensor: Option<&'a Tensor> = found!($need ($get)(self));
                    if let Some(tensor) = tensor {
                        visitor.parameter($name, tensor);
                    }
                )+
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                self.visit_shared_mut(visitor);
            }

            fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module(info($torch, concat!("candle_nn::", stringify!($layer))));
                let tensors = [$(($name, found!($need ($get)(self)))),+];
                in_place(visitor, &tensors);
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module(info($torch, concat!("candle_nn::", stringify!($layer))));
                $(schema.parameter($name, found!($need));)+
            }
        }
    };
}

/// What a getter gives, and whether that may be nothing.
macro_rules! found {
    (always) => {
        false
    };
    (perhaps) => {
        true
    };
    (always $got:expr) => {
        Some($got)
    };
    (perhaps $got:expr) => {
        $got
    };
}

const fn info(torch: &'static str, rust: &'static str) -> ModuleInfo {
    ModuleInfo::new(torch).with_rust_type(rust)
}

/// Lends the parameters that are there for writing in place.
pub(super) fn in_place(visitor: &mut dyn VisitorMut<'_>, tensors: &[(&str, Option<&Tensor>)]) {
    visitor.locked(&mut |visitor| {
        for (name, tensor) in tensors {
            if let Some(tensor) = tensor {
                visitor.parameter(name, &mut InPlace(tensor));
            }
        }
    });
}

layer!(Linear, "Linear",
    "weight" always candle_nn::Linear::weight,
    "bias" perhaps candle_nn::Linear::bias);
layer!(Conv1d, "Conv1d",
    "weight" always candle_nn::Conv1d::weight,
    "bias" perhaps candle_nn::Conv1d::bias);
layer!(Conv2d, "Conv2d",
    "weight" always candle_nn::Conv2d::weight,
    "bias" perhaps candle_nn::Conv2d::bias);
layer!(ConvTranspose1d, "ConvTranspose1d",
    "weight" always candle_nn::ConvTranspose1d::weight,
    "bias" perhaps candle_nn::ConvTranspose1d::bias);
layer!(ConvTranspose2d, "ConvTranspose2d",
    "weight" always candle_nn::ConvTranspose2d::weight,
    "bias" perhaps candle_nn::ConvTranspose2d::bias);
layer!(Embedding, "Embedding", "weight" always candle_nn::Embedding::embeddings);
layer!(LayerNorm, "LayerNorm",
    "weight" always candle_nn::LayerNorm::weight,
    "bias" perhaps candle_nn::LayerNorm::bias);
layer!(RmsNorm, "RMSNorm", "weight" always candle_nn::RmsNorm::weight);
layer!(PReLU, "PReLU", "weight" always candle_nn::PReLU::weight);
