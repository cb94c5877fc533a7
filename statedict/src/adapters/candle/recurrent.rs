//! Recurrent layers: candle-nn's lend their tensors to nobody, so these keep a handle of each.

use std::collections::HashMap;
use std::ops::Deref;

use candle_core::{Result, Tensor};
use candle_nn::rnn::Direction;
use candle_nn::{GRUConfig, Init, LSTMConfig, VarBuilder};

use crate::adapters::candle::in_place::InPlace;
use crate::visit::{ByMut, ByRef, Content, Field, ModuleInfo, StateDict, Visitor};

/// The names of one layer's tensors, and how each is made where `vb` makes them.
type Inits = [(&'static str, Option<Init>); 4];

/// The tensors of a layer from `vb`, in PyTorch's order and under its names.
fn weights(
    (gates, in_dim, hidden_dim): (usize, usize, usize),
    suffix: &str,
    inits: Inits,
    vb: &VarBuilder<'_>,
) -> Result<Vec<(String, Tensor)>> {
    let shapes: [&[usize]; 4] = [
        &[gates * hidden_dim, in_dim],
        &[gates * hidden_dim, hidden_dim],
        &[gates * hidden_dim],
        &[gates * hidden_dim],
    ];
    let tensors = inits.into_iter().zip(shapes).filter_map(|((name, init), shape)| {
        let name = format!("{name}_{suffix}");
        let tensor = vb.get_with_hints(shape, &name, init?);
        Some(tensor.map(|tensor| (name, tensor)))
    });
    tensors.collect()
}

/// A builder that hands out these very tensors.
fn builder(weights: &[(String, Tensor)], vb: &VarBuilder<'_>) -> VarBuilder<'static> {
    let tensors: HashMap<String, Tensor> = weights.iter().cloned().collect();
    VarBuilder::from_tensors(tensors, vb.dtype(), vb.device())
}

macro_rules! recurrent {
    ($layer:ident, $function:ident, $torch:literal, $inner:ident, $config:ident, $gates:literal, |$c:ident| $suffix:expr) => {
        #[doc = concat!("One layer of `nn.", $torch, "`: [`candle_nn::", $torch, "`], with handles of its tensors.")]
        ///
        /// It dereferences to candle-nn's layer. PyTorch keeps the tensors of all layers and directions in
        /// one module; a struct that [flattens](derive@crate::StateDict) such layers has the same keys.
        #[derive(Debug, Clone)]
        pub struct $layer {
            layer: candle_nn::$inner,
            weights: Vec<(String, Tensor)>,
        }

        impl $layer {
            #[doc = concat!("As [`candle_nn::", $torch, "::new`].")]
            ///
            /// # Errors
            /// Where `vb` cannot give the tensors.
            pub fn new(
                in_dim: usize,
                hidden_dim: usize,
                config: candle_nn::$config,
                vb: VarBuilder<'_>,
            ) -> Result<Self> {
                let $c = &config;
                let inits = [
                    ("weight_ih", Some($c.w_ih_init)),
                    ("weight_hh", Some($c.w_hh_init)),
                    ("bias_ih", $c.b_ih_init),
                    ("bias_hh", $c.b_hh_init),
                ];
                let suffix: String = $suffix;
                let weights = weights(($gates, in_dim, hidden_dim), &suffix, inits, &vb)?;
                let own = builder(&weights, &vb);
                let layer = candle_nn::$inner::new(in_dim, hidden_dim, config, own)?;
                Ok($layer { layer, weights })
            }

            /// The tensors by their names in PyTorch, such as `weight_ih_l0`.
            pub fn weights(&self) -> impl Iterator<Item = (&str, &Tensor)> {
                self.weights.iter().map(|(name, tensor)| (name.as_str(), tensor))
            }

            const INFO: ModuleInfo = ModuleInfo::new($torch)
                .with_rust_type(concat!("statedict::candle::", stringify!($layer)));
        }

        impl Deref for $layer {
            type Target = candle_nn::$inner;

            fn deref(&self) -> &Self::Target {
                &self.layer
            }
        }

        impl StateDict for $layer {
            fn visit_fields<'a>(&'a self, visitor: &mut dyn Visitor<ByRef<'a>>) {
                visitor.begin(&$layer::INFO);
                for (name, tensor) in &self.weights {
                    visitor.field(&Field::parameter(name), Content::tensor(InPlace::of(tensor)));
                }
            }

            fn visit_fields_mut<'a>(&'a mut self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                self.visit_shared_mut(visitor);
            }

            fn visit_shared_mut<'a>(&'a self, visitor: &mut dyn Visitor<ByMut<'a>>) {
                visitor.begin(&$layer::INFO);
                visitor.temporary(&mut |visitor| {
                    for (name, tensor) in &self.weights {
                        let mut tensor = InPlace::handle(tensor);
                        visitor.field(&Field::parameter(name), Content::tensor_mut(&mut tensor));
                    }
                });
            }
        }

        #[doc = concat!("As [`candle_nn::", stringify!($function), "`].")]
        ///
        /// # Errors
        /// Where `vb` cannot give the tensors.
        pub fn $function(
            in_dim: usize,
            hidden_dim: usize,
            config: $config,
            vb: VarBuilder<'_>,
        ) -> Result<$layer> {
            $layer::new(in_dim, hidden_dim, config, vb)
        }
    };
}

recurrent!(Lstm, lstm, "LSTM", LSTM, LSTMConfig, 4, |config| {
    let direction = match config.direction {
        Direction::Forward => "",
        Direction::Backward => "_reverse",
    };
    format!("l{}{direction}", config.layer_idx)
});
recurrent!(Gru, gru, "GRU", GRU, GRUConfig, 3, |config| {
    let _ = config;
    "l0".to_owned()
});
