//! candle-nn's layers whose state cannot be reached: what is said where one of them is a field.

use crate::visit::{ByMut, ByRef, StateDict, Visitor};

/// Never has a state.
#[doc(hidden)]
pub struct OutOfReach;

/// Never implemented: only so that its absence is explained.
macro_rules! out_of_reach {
    ($($layer:ty, $reached:ident, $message:literal, $use_instead:literal;)*) => {$(
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(
            message = $message,
            label = $use_instead
        )]
        pub trait $reached<'a> {}

        #[doc(hidden)]
        impl StateDict for $layer
        where
            // For any lifetime, or the compiler would find it wanting here already.
            for<'a> OutOfReach: $reached<'a>,
        {
            fn visit_fields<'a>(&'a self, _: &mut dyn Visitor<ByRef<'a>>) {}

            fn visit_fields_mut<'a>(&'a mut self, _: &mut dyn Visitor<ByMut<'a>>) {}
        }
    )*};
}

out_of_reach! {
    candle_nn::BatchNorm, ReachedBatchNorm,
        "`candle_nn::BatchNorm` is not a module: candle-nn keeps its state to itself",
        "use `statedict::candle::BatchNorm`, made by `statedict::candle::batch_norm`";
    candle_nn::GroupNorm, ReachedGroupNorm,
        "`candle_nn::GroupNorm` is not a module: candle-nn keeps its state to itself",
        "use `statedict::candle::GroupNorm`, made by `statedict::candle::group_norm`";
    candle_nn::rnn::LSTM, ReachedLstm,
        "`candle_nn::LSTM` is not a module: candle-nn keeps its state to itself",
        "use `statedict::candle::Lstm`, made by `statedict::candle::lstm`";
    candle_nn::rnn::GRU, ReachedGru,
        "`candle_nn::GRU` is not a module: candle-nn keeps its state to itself",
        "use `statedict::candle::Gru`, made by `statedict::candle::gru`";
}
