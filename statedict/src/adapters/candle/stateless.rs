//! What candle's models hold beside tensors and layers: activations, dropout, and where and as what tensors are made.

use candle_core::{DType, Device};
use candle_nn::{Activation, Dropout};

use crate::adapters::stateless::stateless;
use crate::visit::{ByMut, ByRef, Description, StateDict, Visitor};

stateless! { Activation "Activation", Dropout "Dropout" }

/// Nothing: no module, and no part of the state.
macro_rules! setting {
    ($($setting:ident),*) => {$(
        #[doc = "Nothing: a setting has no place in the state dict."]
        impl StateDict for $setting {
            fn visit_fields<'a>(&'a self, _: &mut dyn Visitor<ByRef<'a>>) {}

            fn visit_fields_mut<'a>(&'a mut self, _: &mut dyn Visitor<ByMut<'a>>) {}

            fn describe() -> Description {
                Description::Nothing
            }
        }
    )*};
}

setting!(DType, Device);
