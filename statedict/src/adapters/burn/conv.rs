//! burn's convolutions as PyTorch's.

use burn::nn::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};

use crate::schema::SchemaBuilder;
use crate::traits::StateDict;
use crate::visit::{ModuleInfo, Visitor, VisitorMut};

/// Layers of a `weight` and perhaps a `bias`, both of PyTorch's shape.
macro_rules! convolution {
    ($($layer:ident),* $(,)?) => {$(
        #[doc = concat!("As `torch.nn.", stringify!($layer), "`: `weight` and `bias`.")]
        impl StateDict for $layer {
            fn visit<'a>(&'a self, visitor: &mut dyn Visitor<'a>) {
                visitor.module(info(stringify!($layer), concat!("burn::nn::conv::", stringify!($layer))));
                visitor.parameter("weight", &self.weight);
                if let Some(bias) = &self.bias {
                    visitor.parameter("bias", bias);
                }
            }

            fn visit_mut<'a>(&'a mut self, visitor: &mut dyn VisitorMut<'a>) {
                visitor.module(info(stringify!($layer), concat!("burn::nn::conv::", stringify!($layer))));
                visitor.parameter("weight", &mut self.weight);
                if let Some(bias) = &mut self.bias {
                    visitor.parameter("bias", bias);
                }
            }

            fn describe(schema: &mut SchemaBuilder) {
                schema.module(info(stringify!($layer), concat!("burn::nn::conv::", stringify!($layer))));
                schema.parameter("weight", false);
                schema.parameter("bias", true);
            }
        }
    )*};
}

convolution!(Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d);

fn info(name: &'static str, rust_type: &'static str) -> ModuleInfo {
    ModuleInfo::new(name).with_rust_type(rust_type)
}
