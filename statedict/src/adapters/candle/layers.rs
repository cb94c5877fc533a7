//! candle-nn's layers as modules, with PyTorch's names.
//!
//! Their tensors are private, but not out of reach: a getter lends one, and its storage can be
//! written through that. A layer of an `Rc` with several handles can therefore be loaded too.

use candle_core::Tensor;

use crate::adapters::candle::in_place::InPlace;
use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// A layer of parameters that are lent by getters, in PyTorch's order.
macro_rules! layer {
    ($layer:ident, $torch:literal, $($name:literal $need:ident $get:expr),+) => {
        #[doc = concat!("`nn.", $torch, "`. A load writes into the tensors that the layer has, also where it is")]
        /// to assign: their element types stay.
        impl StateDict for candle_nn::$layer {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                let contents = &mut [$(lent(found!($need ($get)(self)))),+];
                visitor.module(Self::describe().table(), contents);
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                self.visit_shared_mut(visitor);
            }

            fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                in_place(visitor, Self::describe().table(), &[$(found!($need ($get)(self))),+]);
            }

            fn describe() -> Description {
                const INFO: ModuleInfo = ModuleInfo::new($torch)
                    .with_rust_type(concat!("candle_nn::", stringify!($layer)));
                Description::Module(const {
                    &FieldTable { info: INFO, fields: &[$(found!($need field $name)),+] }
                })
            }
        }
    };
}

/// The field of a getter, which may give nothing; and what it gives.
macro_rules! found {
    (always field $name:literal) => {
        Field::parameter($name)
    };
    (perhaps field $name:literal) => {
        Field::parameter($name).optional()
    };
    (always $got:expr) => {
        Some($got)
    };
    (perhaps $got:expr) => {
        $got
    };
}

/// A tensor for reading.
pub(super) fn lent(tensor: Option<&Tensor>) -> Content<ByRef<'_>> {
    tensor.map_or(Content::None, |tensor| Content::tensor(InPlace::of(tensor)))
}

/// Lists a module of these tensors for writing in place.
pub(super) fn in_place(
    visitor: &mut dyn Visitor<ByMut<'_>>,
    table: &FieldTable,
    tensors: &[Option<&Tensor>],
) {
    visitor.temporary(&mut |visitor| {
        let mut handles: Vec<Option<InPlace>> =
            tensors.iter().map(|tensor| tensor.map(InPlace::handle)).collect();
        let contents = handles.iter_mut().map(Content::leaf_mut);
        visitor.module(table, &mut contents.collect::<Vec<_>>());
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
