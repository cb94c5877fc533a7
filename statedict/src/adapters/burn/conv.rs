//! burn's convolutions as PyTorch's.

use burn::nn::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};

use crate::visit::{
    ByMut, ByRef, Content, Description, Field, FieldTable, ModuleInfo, StateDict, Visitor,
};

/// Layers of a `weight` and perhaps a `bias`, both of PyTorch's shape.
macro_rules! convolution {
    ($($layer:ident),* $(,)?) => {$(
        #[doc = concat!("As `torch.nn.", stringify!($layer), "`: `weight` and `bias`.")]
        impl StateDict for $layer {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                let contents = &mut [Content::leaf(&self.weight), Content::leaf(&self.bias)];
                visitor.module(Self::describe().table(), contents);
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                let bias = Content::leaf_mut(&mut self.bias);
                let contents = &mut [Content::leaf_mut(&mut self.weight), bias];
                visitor.module(Self::describe().table(), contents);
            }

            fn describe() -> Description {
                const INFO: ModuleInfo = ModuleInfo::new(stringify!($layer))
                    .with_rust_type(concat!("burn::nn::conv::", stringify!($layer)));
                Description::Module(&FieldTable { info: INFO, fields: FIELDS })
            }
        }
    )*};
}

const FIELDS: &[Field<'_>] = &[Field::parameter("weight"), Field::parameter("bias").optional()];

convolution!(Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d);
